import type { JWK } from 'jose'
import { type AdapterFactory, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Access } from '../access/index.ts'
import type { Accounts } from '../accounts/index.ts'
import type { Config } from '../config/index.ts'
import type { Units } from '../platform/database/index.ts'
import type { Sealer } from '../platform/seal.ts'
import type { Assurance, SignIn } from '../sign-in/index.ts'
import { cookieName, isHttps, type Render } from '../web/index.ts'
import { accessTokenClaims } from './access-tokens/claims.ts'
import { createFormats } from './access-tokens/format.ts'
import { createFindAccount } from './account-adapter.ts'
import { scopeClaims, scopes } from './claims.ts'
import { assertJwtClientAuthClaimsAndHeader } from './clients/assertion.ts'
import { REGISTRATION_PATH } from './clients/registration.routes.ts'
import type { Consents } from './consents.ts'
import { dpopFeature, isRefreshTokenRotated } from './dpop.ts'
import { createRenderError } from './errors.ts'
import { createLoadExistingGrant } from './grants.ts'
import { createInteractionPolicy } from './interaction-policy.ts'
import { lifetimes } from './lifetimes.ts'
import { OWN_CLIENT } from './own-pages.ts'
import { isAuthenticated, type Resources } from './resources.ts'
import type { SessionLimits } from './session-limits.ts'
import { signOutPages } from './sign-out.ts'
import type { Sessions } from './storage/sessions.ts'

/** What the library's configuration is made of. */
export interface ConfigurationDependencies {
  readonly config: Config
  readonly adapter: AdapterFactory
  readonly jwks: readonly JWK[]
  readonly access: Access
  readonly accounts: Pick<Accounts, 'find'>
  readonly assurance: Assurance
  /** Keeps requests for starting again. */
  readonly signIn: SignIn
  readonly consents: Consents
  readonly sessions: Sessions
  readonly units: Units
  readonly resources: Resources
  readonly sessionLimits: SessionLimits
  readonly render: Render
  readonly sealer: Sealer
  readonly fetch: NonNullable<Configuration['fetch']>
}

const ASYMMETRIC_ALGS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as const

/** Cookies carry the prefixes that browsers enforce; those want https, which a developer's machine has not. */
function cookies({ server, secrets }: Config): NonNullable<Configuration['cookies']> {
  const { issuer } = server
  const kept = { httpOnly: true, sameSite: 'lax', signed: true, secure: isHttps(issuer) } as const
  return {
    keys: [...secrets.cookieKeys],
    names: {
      session: cookieName(issuer, 'session'),
      interaction: cookieName(issuer, 'interaction', '/interaction'),
      resume: cookieName(issuer, 'resume', '/auth'),
    },
    long: kept,
    short: kept,
  }
}

/** Metadata of our own. The library has no words for it: what operators decide, and what storage knows. */
function clientMetadata({ acrValues }: Assurance): NonNullable<Configuration['extraClientMetadata']> {
  return {
    properties: ['first_party', 'require_pkce', 'minimum_acr', 'is_unverified', 'secrets', 'api_permissions'],
    validator: (_ctx, key, value) => {
      // Lists: storage makes the one, policies/ checks the other.
      if (value === undefined || key === 'secrets' || key === 'api_permissions') return
      if (key === 'minimum_acr') {
        if (typeof value === 'string' && acrValues.includes(value)) return
        throw new errors.InvalidClientMetadata(`minimum_acr must be one of ${acrValues.join(', ')}`)
      }
      if (typeof value !== 'boolean') throw new errors.InvalidClientMetadata(`${key} must be a boolean`)
    },
  }
}

function features({
  config,
  render,
  resources,
  sealer,
}: ConfigurationDependencies): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    dPoP: dpopFeature(config, sealer),
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: {
      enabled: true,
      // A client may look at its own tokens, and an API at those made out to it (RFC 7662 section 4). One that proves
      // nothing about itself sees none (section 2.1), and cannot tell one that exists from one that does not.
      // A token for an API that was deleted is not active, whoever asks.
      allowedPolicy: async (_ctx, client, token) => {
        const audience = 'aud' in token ? token.aud : undefined
        if (!isAuthenticated(client) || !(await resources.isStanding(audience))) return false
        return token.clientId === client.clientId || resources.isResourceServer(client, audience)
      },
    },
    revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) => oneOf ?? [],
      getResourceServerInfo: resources.getResourceServerInfo,
      useGrantedResource: async () => false,
    },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: signOutPages({ render, isProduction: config.environment === 'production' }),
  }
}

/** The library's configuration: every default that falls short of what we promise is put right here. */
export function createConfiguration(deps: ConfigurationDependencies): Configuration {
  const { config, adapter, jwks, accounts, assurance, consents, resources, render, fetch, signIn } = deps
  const skipsConsent = ({ oidc }: KoaContextWithOIDC) =>
    oidc.client?.clientId === OWN_CLIENT || (config.consent.firstParty === 'skip' && oidc.client?.first_party === true)

  return {
    adapter,
    jwks: { keys: [...jwks] as NonNullable<Configuration['jwks']>['keys'] },
    findAccount: createFindAccount(accounts, deps.access),
    extraTokenClaims: accessTokenClaims,
    formats: createFormats(deps.sealer),
    features: features(deps),
    cookies: cookies(config),
    ttl: lifetimes(config.lifetimes, deps.sessionLimits),
    fetch,
    // Registration is served by routes of our own.
    discovery: config.registration.isEnabled
      ? { registration_endpoint: `${config.server.issuer}${REGISTRATION_PATH}` }
      : {},
    claims: scopeClaims,
    scopes,
    acrValues: [...assurance.acrValues],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    extraClientMetadata: clientMetadata(assurance),
    enabledJWA: {
      idTokenSigningAlgValues: [...config.keys.algorithms],
      // Secrets are stored hashed, so nothing can be signed with them.
      clientAuthSigningAlgValues: [...ASYMMETRIC_ALGS],
    },
    // No token ever travels through the browser (RFC 9700 section 2.1.2).
    responseTypes: ['code', 'none'],
    allowOmittingSingleRegisteredRedirectUri: false,
    pkce: { required: (_ctx, client) => client.require_pkce !== false },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async (_ctx, code) => !code.scopes.has('offline_access'),
    rotateRefreshToken: async (ctx) => {
      await resources.refuseEarly(ctx)
      return isRefreshTokenRotated(ctx)
    },
    // Tokens that nobody stored hang on the grant: with one of them revoked, all of it ends (RFC 7009 section 2.1).
    revokeGrantPolicy: () => true,
    loadExistingGrant: createLoadExistingGrant({
      consents,
      resources,
      skipsConsent,
      sessions: deps.sessions,
      units: deps.units,
      refreshTokenSeconds: config.lifetimes.refreshTokenSeconds,
    }),
    assertJwtClientAuthClaimsAndHeader,
    interactions: {
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
      policy: createInteractionPolicy({ skipsConsent, assurance, apis: deps.access.apis }),
    },
    renderError: createRenderError({ render, signIn, isDevelopment: config.environment !== 'production' }),
  }
}
