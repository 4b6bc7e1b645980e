import type { Provider } from 'oidc-provider'
import { hashSecret } from '../platform/ids.ts'
import { ReplayError } from './storage/artifact-adapter.ts'

/** The library's model, with what its types leave out. */
interface ReplayModel {
  unique(issuer: string, jti: string, expiresAt: number): Promise<boolean>
  instantiate(payload: object): { save(seconds: number): Promise<unknown> }
}

/**
 * Proofs that are good once: assertions of clients and DPoP proofs. The library looks first and saves after that, so of
 * two at the same moment both would pass. Here there is no look: the save decides. DPoP proofs are remembered for the
 * library's five minutes, which is longer than one is good (dpop.ts).
 */
export function detectReplays(provider: Provider): void {
  const model = provider.ReplayDetection as unknown as ReplayModel
  model.unique = async (issuer, jti, expiresAt) => {
    const record = model.instantiate({ jti: hashSecret(`${issuer} ${jti}`), iss: issuer })
    try {
      await record.save(expiresAt - Math.floor(Date.now() / 1000))
      return true
    } catch (error) {
      if (error instanceof ReplayError) return false
      throw error
    }
  }
}
