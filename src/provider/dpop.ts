import { decodeJwt } from 'jose'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { Config } from '../config/index.ts'
import type { Sealer } from '../platform/seal.ts'

type Features = NonNullable<Configuration['features']>

/** How old a proof may be, and how far ahead its date (FAPI 2.0 section 5.3.2.1 wants that much accepted). */
const OLDEST_SECONDS = 60
const AHEAD_SECONDS = 10

/** Whether this proof is dated close to now. What is no proof at all the library refuses, whatever is said here. */
function isRecent(proof: string): boolean {
  try {
    const age = Math.floor(Date.now() / 1000) - Number(decodeJwt(proof).iat)
    return age <= OLDEST_SECONDS && age >= -AHEAD_SECONDS
  } catch {
    return true
  }
}

/**
 * Tokens bound to a key of the client (DPoP, RFC 9449), for clients that bring a proof. A proof is good for a minute, on
 * every endpoint that takes one (section 11.1; the library would have it at five). Nonces are made of our keys, so that
 * every process knows those of the others. They say when a proof was made, better than its date does (section 4.3), and
 * are good for some four minutes: a client whose clock is wrong gets along by them.
 */
export function dpopFeature({ dpop }: Config, sealer: Sealer): Features['dPoP'] {
  const [secret] = sealer.derive('nonces', 'dpop')
  return {
    enabled: dpop.isEnabled,
    nonceSecret: Buffer.from(secret, 'base64url'),
    requireNonce: (ctx) => dpop.isNonceRequired || !isRecent(ctx.get('DPoP')),
  }
}

/**
 * Whether a refresh token is followed by another one. One that is bound to a key of its client is worth nothing to a
 * thief (RFC 9700 section 2.2.2, FAPI 2.0 section 5.3.2.1). That of a confidential client is bound to its authentication
 * (RFC 9449 section 5); it stays only where the client has said that all of its tokens are bound: what a request alone
 * could decide, a thief would decide.
 */
export function isRefreshTokenRotated({ oidc }: KoaContextWithOIDC): boolean {
  const { client, entities } = oidc
  const isBoundByClient = client?.clientAuthMethod !== 'none' && client?.dpopBoundAccessTokens === true
  return !isBoundByClient && entities.RefreshToken?.isSenderConstrained() !== true
}
