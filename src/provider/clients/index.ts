// Clients: the applications that federate their sign-in here. One way to register one, whichever door is used.
import type { Provider } from 'oidc-provider'
import type { Audit } from '../../audit/index.ts'
import { refusals } from './refusals.ts'
import { createRegister, type RegisterClient } from './register.ts'
import type { ClientStore, StoredClient } from './store.ts'

export type { StoredClient } from './store.ts'

/** What other rooms can do with clients. */
export interface Clients {
  readonly register: RegisterClient
  readonly find: (id: string) => Promise<StoredClient | undefined>
  /** @throws Refusal `client.unknown` */
  readonly get: (id: string) => Promise<StoredClient>
  readonly list: () => Promise<StoredClient[]>
  /** @throws Refusal `client.unknown` */
  readonly delete: (id: string) => Promise<void>
}

/** Opens the room. */
export function createClients({
  store,
  audit,
  provider,
}: {
  store: ClientStore
  audit: Audit
  provider: () => Provider
}): Clients {
  return {
    register: createRegister({ store, audit, provider }),
    find: store.find,
    list: store.list,
    async get(id) {
      const client = await store.find(id)
      if (!client) throw refusals.unknown(id)
      return client
    },
    async delete(id) {
      if (!(await store.delete(id))) throw refusals.unknown(id)
      await audit.record('client.deleted', { actor: { type: 'system' }, clientId: id }, { via: 'cli' })
    },
  }
}
