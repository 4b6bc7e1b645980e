import { z } from 'zod'
import { assurance } from './sections/assurance.ts'
import { audit } from './sections/audit.ts'
import { sessions } from './sections/sessions.ts'
import { signIn } from './sections/sign-in.ts'
import { sms } from './sections/sms.ts'
import { upstream } from './sections/upstream.ts'
import {
  accent,
  cookieKey,
  hostName,
  issuer,
  mailbox,
  mongodbAddress,
  proxyRange,
  sealingKey,
  seconds,
  smtpUrl,
  webUrl,
} from './values.ts'

/** RS256 because OpenID Connect asks for it (Core section 15.1), ES256 because access tokens are signed with it. */
const REQUIRED_ALGORITHMS = ['RS256', 'ES256'] as const

const server = z.strictObject({
  port: z.int().min(0).max(65535).describe('Port to listen on.').meta({ env: 'PORT' }),
  issuer: issuer
    .optional()
    .describe('The issuer: where browsers and apps reach Gatehouse. Default: `http://localhost:PORT`.')
    .meta({ env: 'ISSUER' }),
  trustedProxies: z
    .array(proxyRange)
    .describe('Addresses or CIDR ranges of reverse proxies whose `X-Forwarded-For` is believed.'),
  hstsIncludesSubDomains: z.boolean().describe('Whether HSTS covers all subdomains of the issuer.'),
  drainSeconds: seconds(0, 300).describe('How many seconds running requests have to end when the program is stopped.'),
  workers: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('Processes that serve, side by side. Default: one for each core in production, else 1.')
    .meta({ env: 'WORKERS' }),
})

const database = z.strictObject({
  uri: mongodbAddress
    .optional()
    .describe(
      'MongoDB to keep everything in (a replica set, 7.0 or newer). Without it a server of our own is started; production needs it.',
    )
    .meta({ env: 'MONGODB_URI', isSecret: true }),
  mongodBinary: z.string().min(1).optional().describe('A `mongod` program for the server of our own.'),
})

const secrets = z.strictObject({
  cookieKeys: z
    .array(cookieKey)
    .min(1)
    .describe(
      'Keys that sign cookies, 32 characters or more each: the first signs, all are accepted. Production needs two, so that they can be changed.',
    )
    .meta({ isSecret: true }),
  sealingKeys: z
    .array(sealingKey)
    .min(1)
    .describe('Keys that seal what is stored, 32 bytes each as base64url: the first seals, all open.')
    .meta({ isSecret: true }),
})

const outbound = z.strictObject({
  allowedPrivateAddresses: z
    .array(proxyRange)
    .describe(
      'Addresses or CIDR ranges that are not public and may be reached all the same: for key sets and sign-out of apps in your own network.',
    ),
})

const keys = z
  .strictObject({
    algorithms: z
      .array(z.enum(['RS256', 'ES256', 'EdDSA']))
      .refine((value) => REQUIRED_ALGORITHMS.every((name) => value.includes(name)), {
        error: `must hold ${REQUIRED_ALGORITHMS.join(' and ')}`,
      })
      .describe('What tokens are signed with. `RS256` and `ES256` are always among them; `EdDSA` can be.'),
    rotationDays: z.int().min(2).max(3650).describe('How many days a key signs before the next one takes over.'),
    publishAheadDays: z
      .int()
      .min(1)
      .max(365)
      .describe('How many days a key is published before it signs, for apps that keep keys.'),
    keepAfterDays: z
      .int()
      // More than what is issued by `lifetimes` lasts: a day at most.
      .min(2)
      .max(365)
      .describe(
        'How many days a key stays published after it has signed, for what it has signed. No token lasts longer.',
      ),
  })
  .refine(({ rotationDays, publishAheadDays }) => publishAheadDays < rotationDays, {
    path: ['publishAheadDays'],
    error: 'must be less than rotationDays',
  })

/** The languages that there are texts in. */
export const LANGUAGES = ['en', 'de'] as const

const brand = z.strictObject({
  name: z.string().trim().min(1).max(60).describe('The product name on pages and in mail.'),
  accent: accent.describe('The colour of the primary button, as `#rrggbb`, dark enough to read white on it.'),
  defaultLanguage: z
    .enum(LANGUAGES)
    .describe('The language of pages and mail where nobody says which they would like: `en` or `de`.'),
  logoUrl: webUrl.optional().describe('The address of a logo, shown instead of the built-in mark.'),
  privacyUrl: webUrl.optional().describe('The privacy notice in the footer.'),
  termsUrl: webUrl.optional().describe('The terms in the footer.'),
  helpUrl: webUrl.optional().describe('Help in the footer.'),
})

const registration = z.strictObject({
  isEnabled: z
    .boolean()
    .describe('Whether apps can register themselves (RFC 7591) with a token from `gatehouse client invite`.'),
  allowedHosts: z
    .array(hostName)
    .describe('Host names, each with everything below it, that apps which register themselves may be on. None: any.'),
})

const mail = z
  .strictObject({
    from: mailbox.optional().describe("The address that mail comes from; its name is the brand's."),
    smtp: z.strictObject({
      url: smtpUrl
        .optional()
        .describe(
          'The server that mail is handed to: `smtp://name:password@host:587` or, TLS from the first byte, `smtps://…:465`. Without it mail lands in the inbox of the workbench; in production nobody gets any.',
        )
        .meta({ isSecret: true }),
      tls: z
        .enum(['required', 'offered', 'off'])
        .describe('Whether a connection to `smtp://` must become TLS, may where the server offers it, or shall not.'),
      connections: z.int().min(1).max(50).describe('Connections to it kept open at most: mails sent at once.'),
    }),
  })
  .refine(({ from, smtp }) => !smtp.url || from, { path: ['from'], error: 'is missing; mail.smtp.url needs it' })

const accounts = z.strictObject({
  registration: z
    .enum(['closed', 'invited', 'open'])
    .optional()
    .describe(
      'Whether people can make an account by themselves, with an e-mail address that they prove: `closed`, `invited` (addresses that were invited) or `open`. Default: `open` in development, `closed` otherwise.',
    ),
  registrationDomains: z
    .array(hostName)
    .describe('Domains of those addresses, each with everything below it. None: any.'),
  registrationMailsPerAddress: z
    .int()
    .min(1)
    .max(10_000)
    .describe('Mails that one address of the net (IPv6: one /64) may ask for in an hour that way.'),
})

const lifetimes = z.strictObject({
  accessTokenSeconds: seconds(60, 86_400).describe('How long an access token is good.'),
  idTokenSeconds: seconds(60, 86_400).describe('How long an ID token is good.'),
  refreshTokenSeconds: seconds(60, 31_536_000).describe(
    'How long a chain of refresh tokens may last, from the first one on.',
  ),
  refreshTokenGraceSeconds: seconds(0, 300).describe(
    'How long a refresh token may be presented again by its client, after an answer got lost, and gets the same successor; 0: never.',
  ),
  authorizationCodeSeconds: seconds(10, 600).describe('How long an authorization code can be redeemed.'),
  sessionSeconds: seconds(60, 86_400).describe('How long a session lasts without being used.'),
  sessionMaxSeconds: seconds(300, 2_592_000).describe(
    'How long a session lasts however much it is used; then people sign in anew. Two factors want a day at most.',
  ),
  interactionSeconds: seconds(60, 86_400).describe('How long a sign-in may take.'),
  invitationSeconds: seconds(60, 86_400).describe('How long a one-time link for setting a password is good.'),
  passwordResetSeconds: seconds(60, 3600).describe('How long the mail for a forgotten password is good.'),
})

/** Every option there is. Unknown keys are refused. */
export const schema = z.strictObject({
  environment: z
    .enum(['development', 'test', 'production'])
    .describe('`development`, `test` or `production`.')
    .meta({ env: 'NODE_ENV' }),
  dataDir: z
    .string()
    .min(1)
    .describe('Folder for the MongoDB server of our own and for secrets made for development.')
    .meta({ env: 'DATA_DIR' }),
  server,
  database,
  secrets,
  keys,
  log: z.strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .describe('How much is logged: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.'),
  }),
  audit,
  brand,
  outbound,
  registration,
  dpop: z.strictObject({
    isEnabled: z
      .boolean()
      .describe(
        'Whether apps can have their tokens bound to a key of theirs (DPoP, RFC 9449): a stolen one is useless.',
      ),
    isNonceRequired: z
      .boolean()
      .describe(
        'Whether each proof must hold a nonce of ours: none can be made in advance, at the price of one more request.',
      ),
  }),
  mail,
  sms,
  accounts,
  lifetimes,
  sessions,
  signIn,
  upstream,
  assurance,
  consent: z.strictObject({
    firstParty: z
      .enum(['skip', 'ask'])
      .describe('Whether people are asked to consent to clients registered as `first_party`: `skip` or `ask`.'),
  }),
})

type Parsed = z.output<typeof schema>

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** Options that may be left out, because they follow from others or from the machine. */
type Complete = Parsed & {
  server: { issuer: string; workers: number }
  signIn: { password: { hashing: { concurrency: number } } }
}

/** Whether every option that others depend on has its value. */
export function isComplete(parsed: Parsed): parsed is Complete {
  const { server, signIn } = parsed
  return ![server.issuer, server.workers, signIn.password.hashing.concurrency].includes(undefined)
}

/** The configuration: complete, checked and frozen. */
export type Config = DeepReadonly<Complete>
