import { type ClientMetadata, errors, type Provider } from 'oidc-provider'
import type { Audit, EventDetail } from '../../audit/index.ts'
import { hashSecret, newId, newSecret } from '../../platform/ids.ts'
import { refusals } from './refusals.ts'
import type { ClientStore } from './store.ts'

/** What registering a client gives: the secret is told here and never again. */
export interface RegisteredClient {
  readonly client_id: string
  readonly client_secret?: string
  readonly metadata: ClientMetadata
}

/** Client metadata as it comes in: RFC 7591 section 2, and `first_party` and `require_pkce` of our own. */
export type RegistrationRequest = Readonly<Record<string, unknown>>

interface Dependencies {
  readonly store: ClientStore
  readonly audit: Audit
  readonly provider: () => Provider
}

/** How a client is registered, whichever door the request came through. */
export type RegisterClient = (
  request: RegistrationRequest,
  options: { readonly via: EventDetail<'client.created'>['via']; readonly clientId?: string },
) => Promise<RegisteredClient>

/** Metadata that is ours to give, never taken from a request (RFC 7591 section 2: asserted by the server). */
const GIVEN = ['client_id', 'client_secret', 'client_id_issued_at', 'client_secret_expires_at']
const SECRET_METHODS = new Set(['client_secret_basic', 'client_secret_post'])
/** Looks like an account id, and so could be taken for a `sub` (RFC 9700 section 4.15). */
const LIKE_ACCOUNT_ID = /^[\w-]{22}$/

/**
 * The one way to make a client. The library validates the metadata, as it will when it reads it back.
 * @throws Refusal `client.metadata_invalid`, `client.exists`
 */
export function createRegister({ store, audit, provider }: Dependencies): RegisterClient {
  return async (request, { via, clientId }) => {
    const given = GIVEN.filter((name) => name in request)
    if (given.length > 0) throw refusals.metadataInvalid(`${given.join(', ')} cannot be chosen`)
    if (clientId && LIKE_ACCOUNT_ID.test(clientId))
      throw refusals.metadataInvalid('this client_id looks like an account id')

    const client_id = clientId ?? `app_${newId()}`
    const method = request.token_endpoint_auth_method ?? 'client_secret_basic'
    const secret = SECRET_METHODS.has(String(method)) ? newSecret() : undefined
    const metadata = await validate(provider(), { ...request, client_id, ...(secret ? { client_secret: secret } : {}) })
    if (via === 'seed' && (await store.replaceMetadata(metadata))) return { client_id, metadata }
    if (!(await store.insert(metadata, secret && hashSecret(secret)))) throw refusals.exists(client_id)
    const name = metadata.client_name ? { name: String(metadata.client_name) } : {}
    await audit.record('client.created', { actor: { type: 'system' }, clientId: client_id }, { via, ...name })
    return { client_id, ...(secret ? { client_secret: secret } : {}), metadata }
  }
}

/** The metadata with its defaults and without the secret. */
async function validate(provider: Provider, request: Record<string, unknown>): Promise<ClientMetadata> {
  const unknown = Object.keys(request).filter((name) => !isKnown(name))
  if (unknown.length > 0) throw refusals.metadataInvalid(`unknown metadata: ${unknown.join(', ')}`)
  try {
    const Client = provider.Client as unknown as new (metadata: object) => { metadata(): ClientMetadata }
    const { client_secret: _, ...metadata } = new Client(request).metadata()
    return metadata as ClientMetadata
  } catch (error) {
    if (!(error instanceof errors.OIDCProviderError)) throw error
    throw refusals.metadataInvalid(error.error_description ?? error.message, error)
  }
}

/** Misspelled metadata would be dropped in silence; better to hear about it. Languages follow a hash (section 2.2). */
const KNOWN = new Set([
  ...GIVEN,
  'application_type',
  'client_name',
  'client_uri',
  'contacts',
  'default_acr_values',
  'default_max_age',
  'first_party',
  'grant_types',
  'id_token_signed_response_alg',
  'initiate_login_uri',
  'jwks',
  'jwks_uri',
  'logo_uri',
  'policy_uri',
  'post_logout_redirect_uris',
  'redirect_uris',
  'require_auth_time',
  'require_pkce',
  'require_pushed_authorization_requests',
  'response_modes',
  'response_types',
  'scope',
  'software_id',
  'software_version',
  'subject_type',
  'token_endpoint_auth_method',
  'token_endpoint_auth_signing_alg',
  'tos_uri',
])
const isKnown = (name: string) => KNOWN.has(name)
