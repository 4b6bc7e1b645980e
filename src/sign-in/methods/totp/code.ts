import { generateSecret, generateURI, verify } from 'otplib'

/** RFC 6238 with what every authenticator app knows: SHA-1, 6 digits, 30 seconds. */
const STEP_SECONDS = 30
/** 160 bits (RFC 4226 section 4, R6). */
const SECRET_BYTES = 20

/** A new key for an authenticator app, in base32. */
export const newKey = (): string => generateSecret({ length: SECRET_BYTES })

/** What an authenticator app reads from the picture. */
export const keyUri = (key: string, issuer: string, label: string): string =>
  generateURI({ issuer, label, secret: key })

/** The step that this code belongs to: the present one, the one before or the one after. Undefined when it is wrong. */
export async function findStep(key: string, code: string): Promise<number | undefined> {
  if (!/^\d{6}$/.test(code)) return undefined
  const epoch = Math.floor(Date.now() / 1000)
  const result = await verify({ secret: key, token: code, epoch, epochTolerance: STEP_SECONDS })
  return result.valid ? Math.floor(epoch / STEP_SECONDS) + result.delta : undefined
}

/** What a person types as a code, spaces aside. */
export const readCode = (typed: string): string => typed.replace(/[\s-]/g, '')
