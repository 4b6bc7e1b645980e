import { createPrivateKey } from 'node:crypto'
import { z } from 'zod'
import { hostName, webUrl } from '../values.ts'

const trusts = z
  .array(z.string().min(1).max(200))
  .describe(
    'Values of `amr` or `acr` that this provider is believed: whoever comes with one of them is not asked for a second factor here.',
  )

const domainsOf = (name: string) =>
  z
    .array(hostName)
    .describe(
      `Domains of e-mail addresses whose people are sent to ${name} as soon as they have typed one, with an account or without.`,
    )

const credentials = (name: string) => ({
  clientId: z.string().min(1).optional().describe(`Signs people in with ${name}: the id that it gave you.`),
  clientSecret: z.string().min(1).optional().describe('The secret that belongs to it.').meta({ isSecret: true }),
})

/** Whether some of these are there, and others are not. */
const isIncomplete = (...values: readonly unknown[]) => values.some(Boolean) && !values.every(Boolean)

const google = z
  .strictObject({
    ...credentials('Google'),
    issuer: webUrl.describe('Where Google is, or a provider that takes its place.'),
    trusts,
    domains: domainsOf('Google'),
  })
  .refine(({ clientId, clientSecret }) => !isIncomplete(clientId, clientSecret), {
    error: 'needs clientId and clientSecret',
  })

const microsoft = z
  .strictObject({
    ...credentials('Microsoft'),
    tenant: z
      .string()
      .regex(/^[\w.-]+$/, 'must be common, organizations, consumers or a tenant')
      .describe('Whose accounts: `common` (all), `organizations`, `consumers`, or one tenant by its id or domain.'),
    url: webUrl.describe('The cloud that they are in.'),
    trusts,
    domains: domainsOf('Microsoft'),
  })
  .refine(({ clientId, clientSecret }) => !isIncomplete(clientId, clientSecret), {
    error: 'needs clientId and clientSecret',
  })

/** Whether it is a key as Apple makes them: PKCS #8, on the curve of ES256. A written \\n is as good as a line's end. */
function isAppleKey(text: string): boolean {
  try {
    const { asymmetricKeyDetails } = createPrivateKey(text.replaceAll('\\n', '\n'))
    return asymmetricKeyDetails?.namedCurve === 'prime256v1'
  } catch {
    return false
  }
}

const apple = z
  .strictObject({
    clientId: z.string().min(1).optional().describe('Signs people in with Apple: the Services ID.'),
    teamId: z.string().min(1).optional().describe('The team that it belongs to.'),
    keyId: z.string().min(1).optional().describe('The id of the key for Sign in with Apple.'),
    privateKey: z
      .string()
      .refine(isAppleKey, { error: 'must be the text of the .p8 file' })
      .optional()
      .describe('That key: the text of the `.p8` file. The secret that Apple asks for is made of it when it is needed.')
      .meta({ isSecret: true }),
    issuer: webUrl.describe('Where Apple is.'),
    trusts,
    domains: domainsOf('Apple'),
  })
  .refine(({ clientId, teamId, keyId, privateKey }) => !isIncomplete(clientId, teamId, keyId, privateKey), {
    error: 'needs clientId, teamId, keyId and privateKey',
  })

const github = z
  .strictObject({
    ...credentials('GitHub'),
    url: webUrl.describe('Where GitHub is, or a GitHub Enterprise Server.'),
    apiUrl: webUrl.describe('Where its API is; `https://HOST/api/v3` for a server of your own.'),
    domains: domainsOf('GitHub'),
  })
  .refine(({ clientId, clientSecret }) => !isIncomplete(clientId, clientSecret), {
    error: 'needs clientId and clientSecret',
  })

/** Names in addresses that the known providers have. */
const TAKEN = ['google', 'microsoft', 'apple', 'github']

const openid = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be small letters, digits and hyphens')
    .refine((id) => !TAKEN.includes(id), { error: 'has a section of its own' }),
  label: z.string().trim().min(1).max(60),
  issuer: webUrl,
  clientId: z.string().min(1),
  clientSecret: z
    .string({
      error: ({ input }) => (input === undefined ? 'is missing: clientSecret, or clientSecretFile' : undefined),
    })
    .min(1)
    .describe('The secret that belongs to it, here or in a file.'),
  clientSecretFile: z.string().min(1).optional().describe('The file that the secret stands in.'),
  scopes: z.array(z.string().min(1)).default(['openid', 'email', 'profile']),
  trusts: z.array(z.string().min(1).max(200)).default([]),
  domains: z.array(hostName).default([]),
})

/** Other providers whose accounts people can sign in with. */
export const upstream = z.strictObject({
  google,
  microsoft,
  apple,
  github,
  openid: z
    .array(openid)
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, { error: 'has two with the same id' })
    .describe('Any other providers of OpenID Connect, each with clientSecret or, better, clientSecretFile.'),
})
