import type { ClientMetadata } from 'oidc-provider'
import type { Audit, EventSubject } from '../../audit/index.ts'
import { hashSecret, newSecret } from '../../platform/ids.ts'
import { type Door, OPERATOR_ONLY } from './policies/index.ts'
import { refusals } from './refusals.ts'
import type { RegisteredClient } from './register.ts'
import { issueSecret, provesItselfBySecret } from './secrets.ts'
import type { ClientStore, StoredClient } from './store.ts'
import type { RegistrationRequest, Validate } from './validate.ts'

interface Dependencies {
  readonly store: ClientStore
  readonly audit: Audit
  readonly validate: Validate
}

/** How a change came about. */
export interface UpdateOptions {
  readonly via: Exclude<Door, 'seed'>
  readonly subject?: EventSubject
  /** The management token that the change was asked with. It is replaced. */
  readonly managementToken?: string
}

/** How a client is changed, whichever door the request came through. */
export type UpdateClient = (
  client: StoredClient,
  request: RegistrationRequest,
  options: UpdateOptions,
) => Promise<RegisteredClient>

/** What the operator decided about a client stays when the client changes itself. */
function keepDecisions({ metadata: before }: StoredClient, metadata: ClientMetadata, via: Door): ClientMetadata {
  if (via !== 'dynamic') return metadata
  const decided = OPERATOR_ONLY.filter((name) => before[name] !== undefined)
  return { ...metadata, ...Object.fromEntries(decided.map((name) => [name, before[name]])) }
}

/**
 * Replaces what is registered (RFC 7592 section 2.2: what is left out is gone). Secrets stay where they are still of
 * use; a client that comes to need one gets one.
 * @throws Refusal `client.metadata_invalid`, `client.redirect_uri_invalid`, `client.unknown`, `client.token_invalid`
 */
export function createUpdate({ store, audit, validate }: Dependencies): UpdateClient {
  return async (client, request, { via, subject = { actor: { type: 'system' } }, managementToken }) => {
    const { id, secrets, createdAt } = client
    const metadata = keepDecisions(client, validate(request, id, via), via)
    const isSecretNeeded = provesItselfBySecret(metadata)
    const issued = isSecretNeeded && secrets.length === 0 ? issueSecret() : undefined
    const token = managementToken === undefined ? undefined : newSecret()
    const isReplaced = await store.replace({
      metadata,
      ...(issued ? { secrets: [issued.stored] } : {}),
      ...(isSecretNeeded ? {} : { secrets: [] }),
      ...(managementToken && token ? { management: { from: hashSecret(managementToken), to: hashSecret(token) } } : {}),
    })
    if (!isReplaced) throw managementToken ? refusals.tokenInvalid() : refusals.unknown(id)
    await audit.record('client.updated', { ...subject, clientId: id }, { via })
    return {
      client_id: id,
      ...(issued ? { client_secret: issued.secret } : {}),
      ...(token ? { registration_access_token: token } : {}),
      metadata,
      createdAt,
    }
  }
}
