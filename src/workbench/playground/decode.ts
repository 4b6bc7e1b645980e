import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'

/** A token, taken apart, and whether the issuer signed it. */
export interface DecodedToken {
  readonly header: string
  readonly payload: string
  readonly isSigned: boolean
  readonly reason?: string | undefined
}

const pretty = (value: unknown) => JSON.stringify(value, undefined, 2)

const payloadOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))

/** Takes a JWT apart and checks its signature with the issuer's published keys. Undefined for what is no JWT. */
export async function decodeToken(token: string | undefined, issuer: string): Promise<DecodedToken | undefined> {
  if (token?.split('.').length !== 3) return undefined
  const parts = { header: pretty(decodeProtectedHeader(token)), payload: pretty(payloadOf(token)) }
  try {
    const keys = await (await fetch(`${issuer}/jwks`)).json()
    await jwtVerify(token, createLocalJWKSet(keys as Parameters<typeof createLocalJWKSet>[0]), { issuer })
    return { ...parts, isSigned: true }
  } catch (error) {
    return { ...parts, isSigned: false, reason: (error as Error).message }
  }
}
