import type { Configuration } from 'oidc-provider'
import type { Config } from '../config/index.ts'
import type { SessionLimits } from './session-limits.ts'

/** A grant outlives the refresh tokens that hang on it by this much, so that it is not written at every sign-in. */
const GRANT_FACTOR = 4

/** How long everything lasts, in seconds. */
export function lifetimes(
  config: Config['lifetimes'],
  limits: Pick<SessionLimits, 'secondsLeft'>,
): NonNullable<Configuration['ttl']> {
  return {
    AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? config.accessTokenSeconds,
    ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? config.accessTokenSeconds,
    AuthorizationCode: config.authorizationCodeSeconds,
    Grant: config.refreshTokenSeconds * GRANT_FACTOR,
    IdToken: config.idTokenSeconds,
    Interaction: config.interactionSeconds,
    // A chain of refresh tokens ends when its first one would have (ASVS 10.4.8).
    RefreshToken: (ctx) => ctx?.oidc.entities.RotatedRefreshToken?.remainingTTL ?? config.refreshTokenSeconds,
    Session: (_ctx, session) => limits.secondsLeft(session),
  }
}
