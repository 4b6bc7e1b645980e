import type { Provider } from 'oidc-provider'
import { hashSecret } from '../../platform/ids.ts'

/** Secrets are stored hashed, and compared as hashes. */
export function compareHashedSecrets(provider: Provider): void {
  const prototype = provider.Client.prototype as { compareClientSecret(actual: string): boolean | Promise<boolean> }
  const compare = prototype.compareClientSecret
  prototype.compareClientSecret = function (actual) {
    return compare.call(this, hashSecret(actual))
  }
}
