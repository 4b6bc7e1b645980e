import { timingSafeEqual } from 'node:crypto'
import type { Provider } from 'oidc-provider'
import { hashSecret } from '../../platform/ids.ts'
import type { SecretStore } from './secret-store.ts'

const HOUR_MS = 3_600_000

/** A client's secret as the library carries it around. */
interface CarriedSecret {
  readonly id: string
  readonly hash: string
  readonly expiresAt?: string
}

/** The one of these that this is the secret of, if it still works. All are looked at, whichever it is. */
function findMatch(secrets: readonly CarriedSecret[], actual: string): CarriedSecret | undefined {
  const given = Buffer.from(hashSecret(actual))
  const matching = secrets.filter(({ hash }) => timingSafeEqual(Buffer.from(hash), given))
  return matching.find(({ expiresAt }) => expiresAt === undefined || new Date(expiresAt) > new Date())
}

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
    prototype.compareClientSecret = async function (this: { clientId: string; secrets?: CarriedSecret[] }, actual) {
      const found = findMatch(this.secrets ?? [], actual)
      if (found) await touch(this.clientId, found.id)
      return found !== undefined
    }
  }
}
