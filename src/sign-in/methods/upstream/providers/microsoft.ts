import type { Config } from '../../../../config/index.ts'
import type { HttpClient } from '../../../../platform/http-client/index.ts'
import { type Claims, clientSecret, createOpenIdConnect, standardProfile } from '../openid-connect.ts'
import { outboundFetch } from '../outbound-fetch.ts'
import { UpstreamError } from '../provider.ts'

/** Where the library knows that the issuer of the discovery document is a pattern which the token's `tid` fills. */
const GLOBAL = 'https://login.microsoftonline.com'

/**
 * A tenant's administrator can write any address into `email`, so by itself it proves nothing; `xms_edov` says that the
 * domain's owner vouches for it.
 */
const isEmailVerified = ({ xms_edov }: Claims) => [true, 1, '1', 'true'].includes(xms_edov as string)

/** Asks the national clouds' own host for the document that the library looks for at the global one. */
function fetchFrom(url: string, http: HttpClient) {
  const fetch = outboundFetch(http)
  return async (asked: string, options: Parameters<typeof fetch>[1]) => {
    const answer = await fetch(asked.replace(GLOBAL, url), options)
    const document: unknown = await answer
      .clone()
      .json()
      .catch(() => undefined)
    const issuer = (document as { issuer?: unknown } | null | undefined)?.issuer
    if (typeof issuer !== 'string' || !issuer.startsWith(`${url}/`)) throw new UpstreamError('issuer_mismatch')
    return answer
  }
}

/**
 * Microsoft Entra ID and personal accounts. `common` and `organizations` share one discovery document whose issuer has a
 * place for the tenant: the issuer of each ID token is checked against it, filled with the token's own `tid`.
 */
export function createMicrosoft({ microsoft }: Config['upstream'], http: HttpClient) {
  const { clientId, clientSecret: secret, tenant, url, ...options } = microsoft
  if (!clientId || !secret) return undefined
  const origin = new URL(url).origin
  return createOpenIdConnect(
    {
      ...options,
      id: 'microsoft',
      label: 'Microsoft',
      issuer: `${GLOBAL}/${tenant}/v2.0`,
      isInsecure: origin.startsWith('http:'),
      fetch: fetchFrom(origin, http),
      scopes: ['openid', 'email', 'profile'],
      parameters: { prompt: 'select_account' },
      anewParameters: { prompt: 'login' },
      clientId,
      authentication: clientSecret(secret),
      profileOf: (claims) => ({ ...standardProfile(claims), isEmailVerified: isEmailVerified(claims) }),
    },
    http,
  )
}
