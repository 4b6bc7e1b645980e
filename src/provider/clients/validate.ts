import { type ClientMetadata, errors, type Provider } from 'oidc-provider'
import { type Door, findPolicyProblem, type PolicyOptions } from './policies/index.ts'
import { refusals } from './refusals.ts'
import { provesItselfBySecret } from './secrets.ts'

/** Client metadata as it comes in: RFC 7591 section 2, and what only operators decide. */
export type RegistrationRequest = Readonly<Record<string, unknown>>

/**
 * Checks what is asked for a client: our policies for the door, then the library, just as when it reads it back.
 * @returns the metadata with its defaults and without any secret
 * @throws Refusal `client.metadata_invalid`, `client.redirect_uri_invalid`
 */
export type Validate = (request: RegistrationRequest, clientId: string, door: Door) => ClientMetadata

/** Metadata that is ours to give, never taken from a request (RFC 7591 section 2: asserted by the server). */
const GIVEN = ['client_id', 'client_secret', 'client_id_issued_at', 'client_secret_expires_at']

/** Misspelled metadata would be dropped in silence; better to hear about it. */
const KNOWN = new Set([
  'api_permissions',
  'application_type',
  'backchannel_logout_session_required',
  'backchannel_logout_uri',
  'client_name',
  'client_uri',
  'contacts',
  'default_acr_values',
  'default_max_age',
  'dpop_bound_access_tokens',
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
  'minimum_acr',
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

/**
 * Our own doors hear of names that nobody knows. Of other programs they are ignored (RFC 7591 section 2 wants it so),
 * and null or '' stand for nothing (RFC 7592 section 2.2).
 */
function sift(request: RegistrationRequest, door: Door): RegistrationRequest {
  const names = Object.keys(request)
  if (door === 'dynamic') {
    const isMeant = ([name, value]: [string, unknown]) => KNOWN.has(name) && value !== null && value !== ''
    return Object.fromEntries(Object.entries(request).filter(isMeant))
  }
  const given = names.filter((name) => GIVEN.includes(name))
  if (given.length > 0) throw refusals.metadataInvalid(`${given.join(', ')} cannot be chosen`)
  const unknown = names.filter((name) => !KNOWN.has(name))
  if (unknown.length > 0) throw refusals.metadataInvalid(`unknown metadata: ${unknown.join(', ')}`)
  return request
}

/** Our checks and the library's, in this order. */
export function createValidate({ provider, policy }: { provider: () => Provider; policy: PolicyOptions }): Validate {
  return (request, client_id, door) => {
    const sifted = sift(request, door)
    const problem = findPolicyProblem(sifted, door, policy)
    if (problem) {
      const refuse = problem.field === 'redirect_uris' ? refusals.redirectUriInvalid : refusals.metadataInvalid
      throw refuse(`${problem.field} ${problem.reason}`)
    }
    const Client = provider().Client as unknown as new (metadata: object) => { metadata(): ClientMetadata }
    // The library wants to see a secret where one is needed; ours are kept elsewhere.
    const secret = provesItselfBySecret(sifted) ? { client_secret: 'kept elsewhere' } : {}
    try {
      const { client_secret: _, ...metadata } = new Client({ ...sifted, client_id, ...secret }).metadata()
      return metadata as ClientMetadata
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) throw error
      throw refusals.metadataInvalid(error.error_description ?? error.message, error)
    }
  }
}
