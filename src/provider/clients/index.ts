// Clients: the applications that federate their sign-in here. One way to register, change and delete one, whichever
// door is used, and one set of policies.
import type { Provider } from 'oidc-provider'
import type { Audit, EventDetail, EventSubject } from '../../audit/index.ts'
import type { ClientInvitations } from './invitations.ts'
import type { PolicyOptions } from './policies/index.ts'
import { refusals } from './refusals.ts'
import { createRegister, type RegisterClient } from './register.ts'
import { type ClientSecrets, createSecrets } from './secrets.ts'
import type { ClientStore, StoredClient } from './store.ts'
import { createUpdate, type UpdateClient } from './update.ts'
import { createValidate } from './validate.ts'

export type { ClientInvitation } from './invitations.ts'
export type { RegisteredClient } from './register.ts'
export type { SecretInfo } from './secrets.ts'
export type { StoredClient } from './store.ts'

/** What other rooms can do with clients. */
export interface Clients {
  readonly register: RegisterClient
  readonly update: UpdateClient
  readonly secrets: ClientSecrets
  readonly invitations: ClientInvitations
  readonly find: (id: string) => Promise<StoredClient | undefined>
  /** @throws Refusal `client.unknown` */
  readonly get: (id: string) => Promise<StoredClient>
  readonly list: () => Promise<StoredClient[]>
  /** The ids of those that were allowed something at this API by name. */
  readonly findOfApi: (api: string) => Promise<string[]>
  /** Somebody here vouches for a client that registered itself, until it changes itself. @throws Refusal `client.unknown` */
  readonly verify: (id: string, subject?: EventSubject) => Promise<void>
  /** Deletes a client; its grants and tokens end at once. @throws Refusal `client.unknown` */
  readonly delete: (id: string, via: EventDetail<'client.deleted'>['via'], subject?: EventSubject) => Promise<void>
}

/** What clients need from the rest of the protocol. */
export interface ClientsDependencies {
  readonly store: ClientStore
  readonly invitations: ClientInvitations
  readonly audit: Audit
  readonly provider: () => Provider
  readonly policy: PolicyOptions
  /** Ends everything that was granted to a client. */
  readonly endClient: (id: string) => Promise<void>
}

/** Opens the room. */
export function createClients({
  store,
  invitations,
  audit,
  provider,
  policy,
  endClient,
}: ClientsDependencies): Clients {
  const validate = createValidate({ provider, policy })
  return {
    register: createRegister({ store, audit, validate }),
    update: createUpdate({ store, audit, validate }),
    secrets: createSecrets({ store, audit }),
    invitations,
    find: store.find,
    list: store.list,
    async findOfApi(api) {
      const all = await store.list()
      return all.filter(({ metadata }) => Object.hasOwn(metadata.api_permissions ?? {}, api)).map(({ id }) => id)
    },
    async get(id) {
      const client = await store.find(id)
      if (!client) throw refusals.unknown(id)
      return client
    },
    async verify(id, subject = { actor: { type: 'system' } }) {
      if (!(await store.verify(id))) throw refusals.unknown(id)
      await audit.record('client.verified', { ...subject, clientId: id }, {})
    },
    async delete(id, via, subject = { actor: { type: 'system' } }) {
      // First the client, so that nothing new is granted, then what was.
      if (!(await store.delete(id))) throw refusals.unknown(id)
      await endClient(id)
      await audit.record('client.deleted', { ...subject, clientId: id }, { via })
    },
  }
}
