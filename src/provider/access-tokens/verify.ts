import { createLocalJWKSet, errors, type JWK, type JWTPayload, jwtVerify } from 'jose'
import { ACCESS_TOKEN_ALG } from '../resources.ts'

/** What is left of a JWT access token of ours that is genuine and has not expired. */
export interface VerifiedToken extends JWTPayload {
  readonly jti: string
  readonly sub: string
  readonly aud: string
  readonly iat: number
  readonly exp: number
  readonly client_id: string
}

const publicHalf = ({ kty, crv, x, y, kid, alg, use }: JWK) => ({ kty, crv, x, y, kid, alg, use }) as JWK

const isComplete = (payload: JWTPayload): payload is VerifiedToken =>
  [payload.jti, payload.sub, payload.aud, payload.client_id].every((value) => typeof value === 'string') &&
  [payload.iat, payload.exp].every((value) => typeof value === 'number')

/**
 * Checks a JWT as an API would (RFC 9068 section 4), with our own keys and no others: its type, so that no ID token or
 * logout token passes, its one algorithm, issuer and lifetime.
 */
export function createVerify(issuer: string, jwks: readonly JWK[]) {
  const keys = createLocalJWKSet({ keys: jwks.filter(({ alg }) => alg === ACCESS_TOKEN_ALG).map(publicHalf) })
  return async (jwt: string): Promise<VerifiedToken | undefined> => {
    try {
      const { payload } = await jwtVerify(jwt, keys, { issuer, typ: 'at+jwt', algorithms: [ACCESS_TOKEN_ALG] })
      return isComplete(payload) ? payload : undefined
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}
