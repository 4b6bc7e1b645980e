// Policies: what a client may be like, whichever door it comes through. Pure. Types and what a standard makes of each
// value are checked by the library after this.
import { findJwksProblem } from './keys.ts'
import { findPermissionsProblem } from './permissions.ts'
import { type Door, OPERATOR_ONLY, type Terms, termsOf } from './terms.ts'
import { findRedirectUriProblem, findWebUriProblem, isOnHost } from './uris.ts'

export { type Door, OPERATOR_ONLY } from './terms.ts'

/** Client metadata as it comes in (RFC 7591 section 2). */
type Metadata = Readonly<Record<string, unknown>>

/** What the operator has decided. */
export interface PolicyOptions {
  readonly isProduction: boolean
  /** Whether tokens can be bound to a key of a client. */
  readonly isDpopEnabled: boolean
  /** Hosts that self-registered clients may be on, with everything below them; none means any. */
  readonly allowedHosts: readonly string[]
}

/** What speaks against a client, and in which field. */
export interface PolicyProblem {
  readonly field: string
  readonly reason: string
}

const MAX_BYTES = 32_768
const MAX_ITEMS = 20
const MAX_NAME = 100
const MAX_TEXT = 2048

const REDIRECTS = ['redirect_uris', 'post_logout_redirect_uris']
/** Addresses that people are shown, and ones that are fetched, posted or led to by machines. */
const SHOWN_URIS = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri']
const USED_URIS = ['jwks_uri', 'initiate_login_uri', 'backchannel_logout_uri']
/** Control characters, and those that make text read in another order than it is written. */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

const textsIn = (value: unknown): string[] => [value].flat().filter((item) => typeof item === 'string')

interface Case {
  readonly metadata: Metadata
  readonly terms: Terms
  readonly options: PolicyOptions
}
type Rule = (input: Case) => PolicyProblem | undefined

const size: Rule = ({ metadata }) =>
  Buffer.byteLength(JSON.stringify(metadata)) > MAX_BYTES
    ? { field: 'metadata', reason: `has more than ${MAX_BYTES} bytes` }
    : undefined

/** The first field of these of which something can be said. */
function firstOf(
  fields: readonly string[],
  metadata: Metadata,
  find: (text: string, field: string) => string | undefined,
) {
  for (const field of fields) {
    for (const text of textsIn(metadata[field])) {
      const reason = find(text, field)
      if (reason) return { field, reason }
    }
  }
  return undefined
}

const numbers: Rule = ({ metadata, terms }) => {
  for (const [field, value] of Object.entries(metadata)) {
    const max = REDIRECTS.includes(field) ? terms.maxUris : MAX_ITEMS
    if (Array.isArray(value) && value.length > max) return { field, reason: `has more than ${max} entries` }
  }
  return undefined
}

const texts: Rule = ({ metadata }) =>
  firstOf(Object.keys(metadata), metadata, (text, field) => {
    const max = field === 'client_name' ? MAX_NAME : MAX_TEXT
    if ([...text].length > max) return `has more than ${max} characters`
    return INVISIBLE.test(text) ? 'has characters that cannot be seen' : undefined
  })

const onlyAllowed = (field: string, allowed: readonly string[], metadata: Metadata) =>
  firstOf([field], metadata, (text) => (allowed.includes(text) ? undefined : `can only be ${allowed.join(', ')}`))
const grants: Rule = ({ metadata, terms }) => onlyAllowed('grant_types', terms.grantTypes, metadata)
const responses: Rule = ({ metadata, terms }) => onlyAllowed('response_types', terms.responseTypes, metadata)

/** How much a client is trusted is not for itself to say. */
const trust: Rule = ({ metadata, terms }) => {
  const field = terms.isTrusted ? undefined : OPERATOR_ONLY.find((name) => name in metadata)
  return field && { field, reason: 'is not for a client to decide' }
}

const redirects: Rule = ({ metadata, options }) =>
  firstOf(REDIRECTS, metadata, (text) => findRedirectUriProblem(text, metadata.application_type === 'native', options))

const addresses: Rule = ({ metadata, options }) =>
  firstOf([...SHOWN_URIS, ...USED_URIS], metadata, (text, field) =>
    findWebUriProblem(text, { ...options, canHaveFragment: SHOWN_URIS.includes(field) }),
  )

const hosts: Rule = ({ metadata, terms, options: { allowedHosts } }) =>
  terms.isTrusted || allowedHosts.length === 0
    ? undefined
    : firstOf([...REDIRECTS, ...SHOWN_URIS, ...USED_URIS], metadata, (text) =>
        isOnHost(text, allowedHosts) ? undefined : `must be on ${allowedHosts.join(', ')}`,
      )

const keys: Rule = ({ metadata: { jwks } }) => {
  const reason = jwks === undefined ? undefined : findJwksProblem(jwks)
  return reason ? { field: 'jwks', reason } : undefined
}

const apiPermissions: Rule = ({ metadata: { api_permissions } }) => {
  const reason = api_permissions === undefined ? undefined : findPermissionsProblem(api_permissions)
  return reason ? { field: 'api_permissions', reason } : undefined
}

/** Not dropped in silence: the client would believe its tokens bound. */
const binding: Rule = ({ metadata, options: { isDpopEnabled } }) =>
  metadata.dpop_bound_access_tokens === true && !isDpopEnabled
    ? { field: 'dpop_bound_access_tokens', reason: 'is not offered here' }
    : undefined

/** In this order: the cheap ones first, and nothing is parsed that is too large. */
const rules: readonly Rule[] = [
  size,
  numbers,
  texts,
  trust,
  grants,
  responses,
  redirects,
  addresses,
  hosts,
  keys,
  apiPermissions,
  binding,
]

/** What speaks against a client of this metadata coming through this door, if anything does. */
export function findPolicyProblem(metadata: Metadata, door: Door, options: PolicyOptions): PolicyProblem | undefined {
  const input = { metadata, terms: termsOf[door], options }
  for (const rule of rules) {
    const problem = rule(input)
    if (problem) return problem
  }
  return undefined
}
