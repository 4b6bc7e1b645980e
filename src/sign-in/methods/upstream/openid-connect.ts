import * as oidc from 'openid-client'
import type { HttpClient } from '../../../platform/http-client/index.ts'
import { outboundFetch } from './outbound-fetch.ts'
import {
  type UpstreamAnswer,
  UpstreamError,
  type UpstreamIdentity,
  type UpstreamProvider,
  type UpstreamRequest,
} from './provider.ts'

/** Claims about somebody, from an ID token or userinfo. */
export type Claims = Readonly<Record<string, unknown>>

/** What is known of a person besides who they are. */
export type Profile = Pick<UpstreamIdentity, 'email' | 'isEmailVerified' | 'name'>

/** What differs between providers of OpenID Connect. */
export interface OpenIdOptions extends Pick<UpstreamProvider, 'id' | 'label' | 'trusts' | 'domains'> {
  /** Whose discovery document is read. */
  readonly issuer: string
  readonly clientId: string
  readonly authentication: oidc.ClientAuth
  readonly scopes: readonly string[]
  /** Further parameters of the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>
  /** What asks for a new proof; the standard's `max_age` unless the provider knows another way, or none. */
  readonly anewParameters?: Readonly<Record<string, string>>
  /** Where the discovery document is, if that is not where its issuer says. */
  readonly fetch?: oidc.CustomFetch
  /** Whether its key and token endpoints may be asked without TLS; the way out has the last word. */
  readonly isInsecure?: boolean
  /** Reads the profile, where the provider has ways of its own. */
  readonly profileOf?: (claims: Claims, answer: UpstreamAnswer) => Profile
}

/** Discovery documents change seldom; a provider that moves is found again after this time. */
const KEPT_MS = 60 * 60 * 1000
/** One that fails is left alone for so long: strangers who begin to sign in must not make us ask it again and again. */
const FAILED_MS = 30 * 1000

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

/** The profile as OpenID Connect Core section 5.1 has it. */
export const standardProfile = ({ email, email_verified, name }: Claims): Profile => ({
  email: text(email),
  // Apple says it as text.
  isEmailVerified: text(email) !== undefined && (email_verified === true || email_verified === 'true'),
  name: text(name),
})

/** Hands in id and secret in the form, where the provider does not insist on the header (OpenID Connect Discovery section 3). */
export function clientSecret(secret: string): oidc.ClientAuth {
  const [post, basic] = [oidc.ClientSecretPost(secret), oidc.ClientSecretBasic(secret)]
  return (as, client, body, headers) => {
    const isPost = as.token_endpoint_auth_methods_supported?.includes('client_secret_post') ?? false
    return (isPost ? post : basic)(as, client, body, headers)
  }
}

/** Reads the provider's metadata once in a while, and remembers for a moment that it could not be read. */
function createDiscovery({ issuer, clientId, authentication, ...options }: OpenIdOptions, http: HttpClient) {
  let kept: { until: number; readonly configuration: Promise<oidc.Configuration> } | undefined
  const isInsecure = options.isInsecure ?? issuer.startsWith('http:')
  const discover = async () => {
    const configuration = await oidc.discovery(new URL(issuer), clientId, {}, authentication, {
      [oidc.customFetch]: options.fetch ?? outboundFetch(http),
      execute: isInsecure ? [oidc.allowInsecureRequests] : [],
    })
    const { authorization_endpoint, token_endpoint, jwks_uri } = configuration.serverMetadata()
    if (![authorization_endpoint, token_endpoint, jwks_uri].every((url) => URL.canParse(url ?? '')))
      throw new UpstreamError('metadata_invalid')
    configuration[oidc.customFetch] = outboundFetch(http)
    // The signature is looked at although the token comes by TLS from its issuer (ASVS 6.8.2).
    oidc.enableNonRepudiationChecks(configuration)
    return configuration
  }
  const read = () => {
    const reading = { until: Date.now() + KEPT_MS, configuration: discover() }
    reading.configuration.catch(() => {
      reading.until = Date.now() + FAILED_MS
    })
    return reading
  }
  return () => {
    if (!kept || Date.now() >= kept.until) kept = read()
    return kept.configuration
  }
}

/** The person's profile: from the ID token, or from userinfo where the provider keeps it there. */
async function findClaims(configuration: oidc.Configuration, tokens: oidc.TokenEndpointResponse, claims: oidc.IDToken) {
  if (claims.email !== undefined || !configuration.serverMetadata().userinfo_endpoint) return claims
  const userinfo = await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub)
  return { ...claims, ...userinfo }
}

/** How the person proved it there, as the ID token says. */
function saidBy({ amr, acr }: oidc.IDToken): string[] {
  return [amr, acr].flat().filter((value) => typeof value === 'string')
}

/** OpenID Connect Core section 2. */
const provedAtOf = ({ auth_time }: oidc.IDToken) =>
  typeof auth_time === 'number' ? new Date(auth_time * 1000) : undefined

/** The address that the browser came back to, with what it brought. */
export function callbackOf({ redirectUri }: UpstreamRequest, { user: _, ...answer }: UpstreamAnswer): URL {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value)
  return url
}

/** The PKCE half that everybody may see (RFC 7636 section 4.2). */
export async function challengeOf({ codeVerifier }: UpstreamRequest) {
  return { code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier), code_challenge_method: 'S256' }
}

/**
 * A provider of OpenID Connect: authorization code flow with PKCE, state and nonce; the answer's `iss` where it is
 * advertised (RFC 9207); of the ID token signature, algorithm, issuer, audience, `azp`, times and nonce.
 */
export function createOpenIdConnect(options: OpenIdOptions, http: HttpClient): UpstreamProvider {
  const { id, label, trusts, domains, scopes, parameters = {}, profileOf = standardProfile } = options
  const { anewParameters = { max_age: '0' } } = options
  const discover = createDiscovery(options, http)
  return {
    id,
    label,
    trusts,
    domains,
    async authorize(request) {
      const { redirectUri, state, nonce, loginHint, isAnew } = request
      return oidc.buildAuthorizationUrl(await discover(), {
        redirect_uri: redirectUri,
        scope: scopes.join(' '),
        state,
        nonce,
        ...(await challengeOf(request)),
        ...(loginHint ? { login_hint: loginHint } : {}),
        ...parameters,
        ...(isAnew ? anewParameters : {}),
      })
    },
    async identify(request, answer) {
      const { state, nonce, codeVerifier } = request
      const configuration = await discover()
      const checks = {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      }
      const tokens = await oidc.authorizationCodeGrant(configuration, callbackOf(request, answer), checks)
      const claims = tokens.claims()
      if (!claims) throw new UpstreamError('id_token_missing')
      // Whoever is asked with `max_age` has to say when it was (OpenID Connect Core section 3.1.2.1).
      if (request.isAnew && 'max_age' in anewParameters && !provedAtOf(claims))
        throw new UpstreamError('not_proved_anew')
      const profile = profileOf(await findClaims(configuration, tokens, claims), answer)
      return { issuer: claims.iss, subject: claims.sub, ...profile, said: saidBy(claims), provedAt: provedAtOf(claims) }
    },
  }
}
