import type { Config } from '../../../../config/index.ts'
import type { HttpClient } from '../../../../platform/http-client/index.ts'
import { clientSecret, createOpenIdConnect } from '../openid-connect.ts'

/** Google: plain OpenID Connect. People with several Google accounts are asked which. */
export function createGoogle({ google }: Config['upstream'], http: HttpClient) {
  const { clientId, clientSecret: secret, ...options } = google
  if (!clientId || !secret) return undefined
  const fixed = { id: 'google', label: 'Google', scopes: ['openid', 'email', 'profile'] }
  const parameters = { prompt: 'select_account' }
  // It has no way to ask for a new proof; the person at least has to choose the account.
  const anewParameters = {}
  return createOpenIdConnect(
    { ...options, ...fixed, parameters, anewParameters, clientId, authentication: clientSecret(secret) },
    http,
  )
}
