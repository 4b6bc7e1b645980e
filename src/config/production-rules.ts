import { isDevelopmentSecret } from './development-secrets.ts'
import { getPath, type Tree } from './tree.ts'

/** A rule, and what is said when it is broken. It looks at options that may not have passed the schema. */
interface Rule {
  readonly isBroken: (options: Tree) => boolean
  readonly problem: string
}

const strings = (value: unknown) => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [])
const cookieKeys = (options: Tree) => strings(getPath(options, 'secrets.cookieKeys'))
const sealingKeys = (options: Tree) => strings(getPath(options, 'secrets.sealingKeys'))

/** Memory (KiB) that argon2id needs for 1, 2, 3, 4, 5 passes: the OWASP Password Storage Cheat Sheet, equal in strength. */
const ARGON2_MINIMA = [47_104, 19_456, 12_288, 9216, 7168]

function isWeakArgon2(options: Tree): boolean {
  const memory = getPath(options, 'signIn.password.argon2.memoryKib')
  const passes = getPath(options, 'signIn.password.argon2.passes')
  if (typeof memory !== 'number' || typeof passes !== 'number') return false
  return memory < (ARGON2_MINIMA[Math.min(passes, ARGON2_MINIMA.length) - 1] ?? 0)
}

function sendsPasswordInTheClear(options: Tree): boolean {
  const url = String(getPath(options, 'mail.smtp.url') ?? '')
  return /^smtp:\/\/[^/]*@/.test(url) && getPath(options, 'mail.smtp.tls') !== 'required'
}

function canSendTexts(options: Tree): boolean {
  return Boolean(getPath(options, 'sms.twilio.accountSid') || getPath(options, 'sms.webhook.url'))
}

/** What production refuses, each with its reason. */
const rules: readonly Rule[] = [
  {
    isBroken: (options) => !String(getPath(options, 'server.issuer')).startsWith('https://'),
    problem: 'ISSUER: must be an https address in production',
  },
  {
    isBroken: (options) => !getPath(options, 'database.uri'),
    problem: 'MONGODB_URI: is missing; in production the database is a MongoDB that you run (a replica set)',
  },
  {
    isBroken: (options) => new Set(cookieKeys(options)).size < 2,
    problem:
      'GATEHOUSE_SECRETS_COOKIE_KEYS: must hold two different keys or more in production, so they can be changed',
  },
  {
    isBroken: (options) => sealingKeys(options).length === 0,
    problem: 'GATEHOUSE_SECRETS_SEALING_KEYS: must hold a key in production',
  },
  {
    isBroken: (options) => cookieKeys(options).some(isDevelopmentSecret),
    problem: 'GATEHOUSE_SECRETS_COOKIE_KEYS: holds a secret that was made for development',
  },
  {
    isBroken: (options) => sealingKeys(options).some(isDevelopmentSecret),
    problem: 'GATEHOUSE_SECRETS_SEALING_KEYS: holds a secret that was made for development',
  },
  {
    isBroken: sendsPasswordInTheClear,
    problem: 'GATEHOUSE_MAIL_SMTP_TLS: must be required in production where mail.smtp.url holds a password',
  },
  {
    isBroken: (options) => getPath(options, 'sms.isOffered') === true && !canSendTexts(options),
    problem: 'GATEHOUSE_SMS_IS_OFFERED: needs sms.twilio or sms.webhook in production',
  },
  {
    // Whoever gets a share of what a message to some country costs asks for many of them.
    isBroken: (options) => canSendTexts(options) && strings(getPath(options, 'sms.countries')).length === 0,
    problem: 'GATEHOUSE_SMS_COUNTRIES: must name the countries that text messages go to in production',
  },
  {
    isBroken: isWeakArgon2,
    problem: `signIn.password.argon2: is too weak for production: 1 to 5 passes need ${ARGON2_MINIMA.join(', ')} KiB`,
  },
]

/** Every rule for production that is broken, told as a problem. */
export function findProductionProblems(options: Tree): string[] {
  return rules.filter(({ isBroken }) => isBroken(options)).map(({ problem }) => problem)
}
