import { z } from 'zod'
import { hostName, issuer, seconds, webUrl } from '../values.ts'

const password = z.strictObject({
  policy: z
    .enum(['classic', 'nist'])
    .describe(
      'What a new password has to meet. `classic`: 12 characters, small and capital letters, a digit, a sign, hard to guess. `nist`: 15 characters, no kinds of characters asked for, nothing commonly used.',
    ),
  minLength: z
    .int()
    .min(8)
    .max(64)
    .optional()
    .describe('The fewest characters (Unicode code points) of a new password, where that differs from the policy.'),
  minScore: z
    .int()
    .min(0)
    .max(4)
    .optional()
    .describe('The least zxcvbn score (0 to 4) of a new password, where that differs from the policy.'),
  maxLength: z.int().min(64).max(256).describe('The most characters of a password.'),
  breaches: z.strictObject({
    areChecked: z
      .boolean()
      .describe(
        'Whether new passwords are looked up among breached ones: five characters of a hash leave the house. The commonest passwords are refused in any case.',
      ),
    url: webUrl.describe('Where they are looked up: a server that speaks the range API of Have I Been Pwned.'),
  }),
  argon2: z.strictObject({
    memoryKib: z
      .int()
      .min(7168)
      .max(1_048_576)
      .describe('Memory of one argon2id hash, KiB. Hashes are renewed at sign-in when this changes.'),
    passes: z.int().min(1).max(20).describe('Passes of argon2id.'),
    parallelism: z.int().min(1).max(16).describe('Lanes of argon2id.'),
  }),
  hashing: z.strictObject({
    concurrency: z
      .int()
      .min(1)
      .max(256)
      .optional()
      .describe('Passwords that one worker hashes at the same time. Default: its share of the cores.'),
    queueLimit: z.int().min(0).max(10_000).describe('Passwords that may wait for that; more are answered with 503.'),
  }),
})

const limits = z.strictObject({
  windowSeconds: seconds(10, 86_400).describe('The time in which failed sign-ins are counted.'),
  failuresPerIdentifier: z.int().min(1).max(100).describe('Failed sign-ins for one identifier before it has to wait.'),
  secondStepFailuresPerDay: z
    .int()
    .min(5)
    .max(100)
    .describe(
      'Failed second steps of one account in 24 hours before it has to wait: they follow a first proof that held.',
    ),
  messagesPerAddress: z
    .int()
    .min(1)
    .max(10_000)
    .describe('Messages (links, codes) that one address may ask for in an hour.'),
  failuresPerAddress: z
    .int()
    .min(1)
    .max(10_000)
    .describe('Failed sign-ins from one address (IPv6: one /64) before it has to wait.'),
})

const passkey = z.strictObject({
  rpId: hostName
    .refine((value) => !/:\d+$/.test(value), { error: 'must not have a port' })
    .optional()
    .describe(
      'The host name that passkeys are made for. Whoever changes it orphans every passkey. Default: the host of the issuer.',
    ),
  rpName: z
    .string()
    .trim()
    .min(1)
    .max(60)
    .optional()
    .describe('What browsers call it while a passkey is made. Default: the name of the brand.'),
  origins: z
    .array(issuer)
    .max(20)
    .describe(
      'Origins besides the issuer that passkeys may be used from. They are told to browsers at `/.well-known/webauthn`.',
    ),
})

/** How people prove who they are. */
export const signIn = z.strictObject({ password, passkey, limits })
