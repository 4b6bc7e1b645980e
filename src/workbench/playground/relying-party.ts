import * as oidc from 'openid-client'
import type { Exchange, Run, Tokens } from './run.ts'

/** What a person chose on the form. Empty means: not sent. */
export interface Wishes {
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly scope: string
  readonly resource?: string | undefined
  readonly parameters: Readonly<Record<string, string>>
}

/** A relying party like any other: it knows the issuer's address and nothing else. */
export interface RelyingParty {
  start(wishes: Wishes): Promise<{ run: Run; url: string }>
  finish(run: Run, callback: URL | Request, exchange: Exchange): Promise<Run>
  refresh(run: Run): Promise<Run>
  userinfo(run: Run): Promise<Run>
  introspect(run: Run): Promise<Run>
  revoke(run: Run): Promise<Run>
  signOutUrl(run: Run): Promise<string>
}

const MAX_ANSWER = 20_000

const resourceOf = ({ resource }: Run): Record<string, string> => (resource ? { resource } : {})

/** The parameters of a query or a form. */
export const toParameters = (search: URLSearchParams) => [...search].map(([name, value]) => ({ name, value }))

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text.slice(0, MAX_ANSWER)
  }
}

/** A fetch that remembers what went over the wire. */
function recordingFetch(exchanges: Exchange[], label: string): oidc.CustomFetch {
  return async (url, options) => {
    const response = await fetch(url, options as RequestInit)
    const answer = pretty(await response.clone().text())
    const body = new URLSearchParams(
      typeof options.body === 'string' || options.body instanceof URLSearchParams ? options.body : '',
    )
    exchanges.push({
      label,
      method: options.method,
      url,
      parameters: toParameters(body),
      status: response.status,
      answer,
    })
    return response
  }
}

const toTokens = (answer: oidc.TokenEndpointResponse, before?: Tokens): Tokens => ({
  accessToken: answer.access_token,
  idToken: answer.id_token ?? before?.idToken,
  refreshToken: answer.refresh_token ?? before?.refreshToken,
  expiresIn: answer.expires_in,
  scope: answer.scope,
})

/** What an error says, if the provider said it; anything else is a fault of ours. */
function toError(error: unknown): Run['error'] {
  if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError) {
    return { error: error.error, description: error.error_description }
  }
  if (error instanceof oidc.ClientError || error instanceof oidc.WWWAuthenticateChallengeError) {
    return { error: error.code ?? 'client_error', description: error.message }
  }
  throw error
}

/** The relying party, for this issuer and this redirect URI. */
export function createRelyingParty({
  issuer,
  redirectUri,
  homeUri,
}: {
  issuer: string
  redirectUri: string
  homeUri: string
}): RelyingParty {
  const execute = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []

  const configure = async ({ clientId, clientSecret }: Pick<Run, 'clientId' | 'clientSecret'>) =>
    oidc.discovery(
      new URL(issuer),
      clientId,
      clientSecret,
      clientSecret ? oidc.ClientSecretBasic(clientSecret) : oidc.None(),
      { execute },
    )

  const step = async (
    run: Run,
    label: string,
    work: (configuration: oidc.Configuration) => Promise<Partial<Run>>,
    first: readonly Exchange[] = [],
  ) => {
    const exchanges: Exchange[] = [...first]
    const configuration = await configure(run)
    configuration[oidc.customFetch] = recordingFetch(exchanges, label)
    const { error: _, ...before } = run
    try {
      const after = await work(configuration)
      return { ...before, ...after, exchanges: [...run.exchanges, ...exchanges] }
    } catch (error) {
      return { ...before, error: toError(error), exchanges: [...run.exchanges, ...exchanges] }
    }
  }
  const tokensOf = (run: Run): Tokens => {
    if (!run.tokens) throw new Error('this run has no tokens')
    return run.tokens
  }

  return {
    async start({ clientId, clientSecret, scope, resource, parameters }) {
      const codeVerifier = oidc.randomPKCECodeVerifier()
      const [state, nonce] = [oidc.randomState(), oidc.randomNonce()]
      const request = {
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...(resource ? { resource } : {}),
        ...parameters,
      }
      const url = oidc.buildAuthorizationUrl(await configure({ clientId, clientSecret }), request)
      const asked = {
        label: 'authorization',
        method: 'GET',
        url: `${url.origin}${url.pathname}`,
        parameters: toParameters(url.searchParams),
      }
      const maxAge = parameters.max_age ? Number(parameters.max_age) : undefined
      return {
        run: { clientId, clientSecret, resource, codeVerifier, state, nonce, maxAge, exchanges: [asked] },
        url: url.href,
      }
    },

    finish: (run, callback, exchange) =>
      step(
        run,
        'token',
        async (configuration) => {
          const { codeVerifier: pkceCodeVerifier, state: expectedState, nonce: expectedNonce, maxAge } = run
          const checks = {
            pkceCodeVerifier,
            expectedState,
            expectedNonce,
            idTokenExpected: true,
            ...(maxAge === undefined ? {} : { maxAge }),
          }
          return {
            tokens: toTokens(await oidc.authorizationCodeGrant(configuration, callback, checks, resourceOf(run))),
          }
        },
        [exchange],
      ),

    refresh: (run) =>
      step(run, 'refresh', async (configuration) => {
        const before = tokensOf(run)
        return {
          tokens: toTokens(
            await oidc.refreshTokenGrant(configuration, before.refreshToken ?? '', resourceOf(run)),
            before,
          ),
        }
      }),

    userinfo: (run) =>
      step(run, 'userinfo', async (configuration) => {
        await oidc.fetchUserInfo(configuration, tokensOf(run).accessToken, oidc.skipSubjectCheck)
        return {}
      }),

    introspect: (run) =>
      step(run, 'introspection', async (configuration) => {
        await oidc.tokenIntrospection(configuration, tokensOf(run).accessToken)
        return {}
      }),

    revoke: (run) =>
      step(run, 'revocation', async (configuration) => {
        const { refreshToken, accessToken } = tokensOf(run)
        await oidc.tokenRevocation(configuration, refreshToken ?? accessToken)
        return {}
      }),

    async signOutUrl(run) {
      const hint: Record<string, string> = run.tokens?.idToken ? { id_token_hint: run.tokens.idToken } : {}
      return oidc.buildEndSessionUrl(await configure(run), { post_logout_redirect_uri: homeUri, ...hint }).href
    },
  }
}
