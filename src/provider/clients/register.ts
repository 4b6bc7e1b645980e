import type { ClientMetadata } from 'oidc-provider'
import type { Audit, EventSubject } from '../../audit/index.ts'
import { hashSecret, newId, newSecret } from '../../platform/ids.ts'
import type { Door } from './policies/index.ts'
import { refusals } from './refusals.ts'
import { issueSecret, provesItselfBySecret } from './secrets.ts'
import type { ClientStore } from './store.ts'
import type { RegistrationRequest, Validate } from './validate.ts'

/** What registering or changing a client gives: secrets are told here and never again. */
export interface RegisteredClient {
  readonly client_id: string
  readonly client_secret?: string
  /** With which a client that registered itself manages itself (RFC 7592). */
  readonly registration_access_token?: string
  readonly metadata: ClientMetadata
  readonly createdAt: Date
}

interface Dependencies {
  readonly store: ClientStore
  readonly audit: Audit
  readonly validate: Validate
}

/** How a registration came about. */
export interface RegisterOptions {
  readonly via: Door
  readonly clientId?: string
  readonly subject?: EventSubject
  /** The last word before anything is written, when all else is well. Throws to refuse. @returns who let it in */
  readonly admit?: () => Promise<{ readonly invitationId: string }>
}

/** How a client is registered, whichever door the request came through. */
export type RegisterClient = (request: RegistrationRequest, options: RegisterOptions) => Promise<RegisteredClient>

/** Looks like an account id, and so could be taken for a `sub` (RFC 9700 section 4.15). */
const LIKE_ACCOUNT_ID = /^[\w-]{22}$/

/**
 * The one way to make a client.
 * @throws Refusal `client.metadata_invalid`, `client.redirect_uri_invalid`, `client.exists`
 */
export function createRegister({ store, audit, validate }: Dependencies): RegisterClient {
  return async (request, { via, clientId, subject = { actor: { type: 'system' } }, admit }) => {
    if (clientId && LIKE_ACCOUNT_ID.test(clientId))
      throw refusals.metadataInvalid('this client_id looks like an account id')
    const client_id = clientId ?? `app_${newId()}`
    const metadata = validate(request, client_id, via)
    const createdAt = new Date()
    const isBroughtAgain = async () => via === 'seed' && (await store.replace({ metadata }))
    if (await isBroughtAgain()) return { client_id, metadata, createdAt }

    const admitted = await admit?.()
    const issued = provesItselfBySecret(metadata) ? issueSecret() : undefined
    const token = via === 'dynamic' ? newSecret() : undefined
    const isNew = await store.insert({
      metadata,
      via,
      secrets: issued ? [issued.stored] : [],
      managementHash: token && hashSecret(token),
    })
    // Another server that starts at this moment was faster.
    if (!isNew && (await isBroughtAgain())) return { client_id, metadata, createdAt }
    if (!isNew) throw refusals.exists(client_id)
    const name = metadata.client_name ? { name: String(metadata.client_name) } : {}
    await audit.record('client.created', { ...subject, clientId: client_id }, { via, ...name, ...admitted })
    return {
      client_id,
      ...(issued ? { client_secret: issued.secret } : {}),
      ...(token ? { registration_access_token: token } : {}),
      metadata,
      createdAt,
    }
  }
}
