import type { AdapterPayload } from 'oidc-provider'
import type { Gathered } from '../../platform/database/index.ts'
import type { Sealer } from '../../platform/seal.ts'
import { type ArtifactDocument, payloadContext } from './artifact.model.ts'

/** Finds the sessions of an account that are still good for something: who is told that they end. */
export function createLiveSessions(records: Pick<Gathered<ArtifactDocument>, 'findBy'>, sealer: Sealer) {
  return async (accountId: string): Promise<AdapterPayload[]> => {
    const found = await records.findBy('accountId', accountId)
    const now = new Date()
    return found
      .filter(({ kind, expiresAt }) => kind === 'Session' && (expiresAt === undefined || expiresAt > now))
      .map((document) => JSON.parse(sealer.open(document.payload, payloadContext(document))) as AdapterPayload)
  }
}
