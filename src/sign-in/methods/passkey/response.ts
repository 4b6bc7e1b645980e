import { z } from 'zod'

/** A credential id has at most 1023 bytes. */
const credentialId = z
  .string()
  .regex(/^[\w-]+$/)
  .max(1364)
const bytes = z
  .string()
  .regex(/^[\w-]*$/)
  .max(16_384)

const credential = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  authenticatorAttachment: z
    .enum(['platform', 'cross-platform'])
    .nullish()
    .transform((value) => value ?? undefined),
  clientExtensionResults: z.object({}).default({}),
}

const registration = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: bytes,
    attestationObject: bytes,
    transports: z
      .array(z.string().regex(/^[a-z-]{1,20}$/))
      .max(10)
      .default([]),
  }),
})

const authentication = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: bytes,
    authenticatorData: bytes,
    signature: bytes,
    userHandle: bytes.nullish().transform((value) => value ?? undefined),
  }),
})

/** JSON in a field of a form. */
const json = z
  .string()
  .max(32_768)
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' })
      return z.NEVER
    }
  })

/** The form of a new passkey: what `navigator.credentials.create` gave, and what the browser would call it. */
export const registrationForm = z.object({
  response: json.pipe(registration),
  browser: z.string().max(100).optional(),
})

/** The form of a passkey that is used: what `navigator.credentials.get` gave. */
export const authenticationForm = z.object({ response: json.pipe(authentication) })

/** What the form of a new passkey holds. */
export type RegistrationForm = z.output<typeof registrationForm>

/** What the form of a used passkey holds. */
export type AuthenticationForm = z.output<typeof authenticationForm>

/** Whether a page of another site had us in a frame: we are never shown in one. */
export function isCrossOrigin(clientDataJSON: string): boolean {
  try {
    const { crossOrigin, topOrigin } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'))
    return crossOrigin === true || topOrigin !== undefined
  } catch {
    return true
  }
}
