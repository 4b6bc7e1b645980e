import type { ClientMetadata, Provider } from 'oidc-provider'
import type { ClientStore } from './store.ts'

type Found = ReturnType<Provider['Client']['find']>

/**
 * The library serialises and hashes a client's metadata whenever it asks for the client, to see whether it made one of
 * them before. The store hands out the same object until the client changes, which tells as much.
 */
export function rememberClients(store: Pick<ClientStore, 'findMetadata'>): (provider: Provider) => void {
  return ({ Client }) => {
    const made = new WeakMap<ClientMetadata, Found>()
    const find = Client.find.bind(Client)
    Client.find = async (id) => {
      const metadata = typeof id === 'string' && id !== '' ? await store.findMetadata(id) : undefined
      if (!metadata) return find(id)
      const found = made.get(metadata) ?? find(id)
      made.set(metadata, found)
      // What could not be made is tried again.
      found.catch(() => made.delete(metadata))
      return found
    }
  }
}
