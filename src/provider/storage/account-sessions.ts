import type { AdapterPayload } from 'oidc-provider'
import type { Gathered } from '../../platform/database/index.ts'
import type { Sealer } from '../../platform/seal.ts'
import { type ArtifactDocument, payloadContext } from './artifact.model.ts'
import { isThere } from './changing.ts'
import { openReadable } from './opened.ts'

/** Finds the sessions of an account whose end nobody was told of yet: also those that ran out just now. */
export function createAccountSessions(records: Pick<Gathered<ArtifactDocument>, 'findBy'>, sealer: Sealer) {
  return async (accountId: string): Promise<AdapterPayload[]> => {
    const found = await records.findBy('accountId', accountId)
    return openReadable(
      found.filter((document) => document.kind === 'Session' && isThere(document)),
      (document) => JSON.parse(sealer.open(document.payload, payloadContext(document))),
    )
  }
}
