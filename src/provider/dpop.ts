import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { Config } from '../config/index.ts'
import type { Sealer } from '../platform/seal.ts'

type Features = NonNullable<Configuration['features']>

/**
 * Tokens bound to a key of the client (DPoP, RFC 9449), for clients that bring a proof. Nonces are made of our keys, so
 * that every process knows those of the others; a client whose clock is wrong gets along by them.
 */
export function dpopFeature({ dpop }: Config, sealer: Sealer): Features['dPoP'] {
  const [secret] = sealer.derive('nonces', 'dpop')
  return {
    enabled: dpop.isEnabled,
    nonceSecret: Buffer.from(secret, 'base64url'),
    requireNonce: () => dpop.isNonceRequired,
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
