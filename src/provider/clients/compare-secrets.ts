import type { Provider } from 'oidc-provider'
import type { SecretStore } from './secret-store.ts'
import { type ComparableSecret, findSecret } from './secrets.ts'

const HOUR_MS = 3_600_000

/**
 * Secrets are stored hashed and compared as hashes, and any that works will do. When one was last used is kept to the
 * hour, and written once an hour: authenticating a client must not cost a write.
 */
export function compareHashedSecrets(store: SecretStore): (provider: Provider) => void {
  const touched = new Map<string, number>()
  const touch = async (clientId: string, secretId: string) => {
    const hour = Math.floor(Date.now() / HOUR_MS)
    if (touched.get(secretId) === hour) return
    touched.set(secretId, hour)
    await store.touchSecret(clientId, secretId, new Date(hour * HOUR_MS))
  }
  return (provider) => {
    const prototype = provider.Client.prototype as unknown as {
      compareClientSecret(actual: string): Promise<boolean>
    }
    prototype.compareClientSecret = async function (this: { clientId: string; secrets?: ComparableSecret[] }, actual) {
      const found = findSecret(this.secrets ?? [], actual)
      if (found) await touch(this.clientId, found.id)
      return found !== undefined
    }
  }
}
