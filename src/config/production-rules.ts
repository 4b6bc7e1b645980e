import { isDevelopmentSecret } from './development-secrets.ts'

/** What the production rules look at, parsed or not. */
export interface RuleInput {
  readonly issuer: unknown
  readonly uri: unknown
  readonly cookieKeys: unknown
  readonly sealingKeys: unknown
}

const strings = (value: unknown) => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [])

/** What production refuses, each with its reason. */
const rules: readonly { isBroken: (input: RuleInput) => boolean; problem: string }[] = [
  {
    isBroken: ({ issuer }) => typeof issuer !== 'string' || !issuer.startsWith('https://'),
    problem: 'ISSUER must be an https address in production',
  },
  {
    isBroken: ({ uri }) => !uri,
    problem: 'MONGODB_URI must be set in production: the server of our own is for trying and developing',
  },
  {
    isBroken: ({ cookieKeys }) => strings(cookieKeys).length < 2,
    problem: 'GATEHOUSE_SECRETS_COOKIE_KEYS must hold at least two keys in production, so that they can be changed',
  },
  {
    isBroken: ({ sealingKeys }) => strings(sealingKeys).length === 0,
    problem: 'GATEHOUSE_SECRETS_SEALING_KEYS must hold a key in production',
  },
  {
    isBroken: ({ cookieKeys, sealingKeys }) =>
      [...strings(cookieKeys), ...strings(sealingKeys)].some(isDevelopmentSecret),
    problem: 'GATEHOUSE_SECRETS_*: a secret that was made for development must not be used in production',
  },
]

/** Every rule for production that is broken, told as a problem. */
export function findProductionProblems(input: RuleInput): string[] {
  return rules.filter(({ isBroken }) => isBroken(input)).map(({ problem }) => problem)
}
