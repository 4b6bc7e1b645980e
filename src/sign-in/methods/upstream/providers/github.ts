import * as oidc from 'openid-client'
import { z } from 'zod'
import type { Config } from '../../../../config/index.ts'
import type { HttpClient } from '../../../../platform/http-client/index.ts'
import { callbackOf, challengeOf } from '../openid-connect.ts'
import { outboundFetch } from '../outbound-fetch.ts'
import { UpstreamError, type UpstreamProvider } from '../provider.ts'

const person = z.object({ id: z.int(), login: z.string(), name: z.string().nullish() })
const emails = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }))

/** GitHub tells of a refused code with status 200: it becomes the 400 of RFC 6749 section 5.2. */
function standardErrors(http: HttpClient): oidc.CustomFetch {
  const fetch = outboundFetch(http)
  return async (url, options) => {
    const answer = await fetch(url, options)
    const body: unknown = await answer
      .clone()
      .json()
      .catch(() => undefined)
    const isError = answer.status === 200 && typeof body === 'object' && body !== null && 'error' in body
    return isError ? Response.json(body, { status: 400 }) : answer
  }
}

/** Asks the API. @throws UpstreamError when the answer is not what it should be */
function createAsk(apiUrl: string, http: HttpClient) {
  return async <T>(path: string, token: string, form: z.ZodType<T>): Promise<T> => {
    const { status, body } = await http.request({
      url: `${apiUrl}${path}`,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        // It answers nobody who does not say who they are.
        'user-agent': 'gatehouse',
        'x-github-api-version': '2022-11-28',
      },
    })
    if (status !== 200) throw new UpstreamError(`api_status_${status}`)
    try {
      return form.parse(JSON.parse(body.toString('utf8')))
    } catch (error) {
      throw new UpstreamError('api_answer_invalid', error)
    }
  }
}

/** GitHub: OAuth with PKCE, and its API for who it is. Nothing is asked of the account but to read that. */
export function createGithub({ github }: Config['upstream'], http: HttpClient): UpstreamProvider | undefined {
  const { clientId, clientSecret, url, apiUrl, domains } = github
  if (!clientId || !clientSecret) return undefined
  const issuer = `${url}/login/oauth`
  const metadata = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/access_token` }
  const configuration = new oidc.Configuration(metadata, clientId, {}, oidc.ClientSecretPost(clientSecret))
  configuration[oidc.customFetch] = standardErrors(http)
  if (url.startsWith('http:')) oidc.allowInsecureRequests(configuration)
  const ask = createAsk(apiUrl, http)
  return {
    id: 'github',
    label: 'GitHub',
    trusts: [],
    domains,
    async authorize(request) {
      return oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: request.redirectUri,
        scope: 'read:user user:email',
        state: request.state,
        ...(await challengeOf(request)),
        ...(request.loginHint ? { login: request.loginHint } : {}),
      })
    },
    async identify(request, answer) {
      const checks = { expectedState: request.state, pkceCodeVerifier: request.codeVerifier }
      const tokens = await oidc.authorizationCodeGrant(configuration, callbackOf(request, answer), checks)
      const { id, login, name } = await ask('/user', tokens.access_token, person)
      const primary = (await ask('/user/emails', tokens.access_token, emails)).find((address) => address.primary)
      return {
        issuer,
        // The number: names can be given up, and taken by somebody else.
        subject: String(id),
        email: primary?.email,
        isEmailVerified: primary?.verified ?? false,
        name: name ?? login,
        said: [],
      }
    },
  }
}
