import type { Config } from '../../../../config/index.ts'
import type { HttpClient } from '../../../../platform/http-client/index.ts'
import { clientSecret, createOpenIdConnect } from '../openid-connect.ts'

/** Any provider of OpenID Connect, by its discovery document. */
export function createOpenId(
  { clientSecret: secret, ...options }: Config['upstream']['openid'][number],
  http: HttpClient,
) {
  const scopes = [...new Set(['openid', ...options.scopes])]
  return createOpenIdConnect({ ...options, scopes, authentication: clientSecret(secret) }, http)
}
