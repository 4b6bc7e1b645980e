import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'

/** What is expected of access tokens. */
export interface Expectations {
  /** Who issues them, exactly as in its discovery document. */
  readonly issuer: string
  /** Who they have to be made out to: this API. */
  readonly audience: string
}

/** A token that holds, and the permissions that it carries. */
export interface Granted {
  readonly claims: JWTPayload
  readonly permissions: ReadonlySet<string>
}

/** Checks a token. @returns what speaks against it, as a sentence, or what it grants. @throws when it cannot be told */
export type CheckToken = (token: string) => Promise<Granted | string>

/** One algorithm, and not whatever the token says: neither `none` nor a public key taken for a shared secret gets by. */
const ALGORITHMS = ['ES256']
/** As long as the issuer's Cache-Control says: a key that was taken back is believed no longer. */
const KEYS_KEPT_MS = 300_000
/** Clocks differ. */
const TOLERANCE_SECONDS = 5

/** That keys cannot be had says nothing about the token. Everything else that jose refuses is the token's fault. */
const isOurs = (error: unknown) =>
  !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC'

/** Where the issuer publishes its keys. The document must be its own (RFC 8414 section 3.3). */
async function findKeys(issuer: string): Promise<URL> {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(5000) })
  const document = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown }
  if (document.issuer !== issuer) throw new Error(`${issuer} says that it is ${String(document.issuer)}`)
  return new URL(String(document.jwks_uri))
}

/**
 * Checks JWT access tokens as RFC 9068 section 4 wants it: type, algorithm, signature by the issuer's published keys,
 * issuer, audience and lifetime. Keys are fetched when the first token comes and when an unknown one is named, and kept.
 */
export function createCheckToken({ issuer, audience }: Expectations): CheckToken {
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined
  return async (token) => {
    keys ??= createRemoteJWKSet(await findKeys(issuer), { cacheMaxAge: KEYS_KEPT_MS })
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        typ: 'at+jwt',
        algorithms: ALGORITHMS,
        clockTolerance: TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id'],
      })
      const scope = typeof payload.scope === 'string' ? payload.scope : ''
      return { claims: payload, permissions: new Set(scope.split(' ').filter(Boolean)) }
    } catch (error) {
      if (isOurs(error)) throw error
      return error instanceof errors.JWTExpired ? 'the token has expired' : 'the token is not good here'
    }
  }
}
