import type { Configuration } from 'oidc-provider'
import type { Sealer } from '../../platform/seal.ts'
import { sealLineage } from './lineage.ts'

type Formats = NonNullable<Configuration['formats']>

/** The claim that says what a token hangs on, for us alone. */
export const LINEAGE_CLAIM = 'lineage'

/** The last touch on JWT access tokens. They are not stored: what we have to know of one again, it carries itself. */
export function createFormats(sealer: Sealer): Formats {
  return {
    customizers: {
      jwt(_ctx, token, { payload }) {
        payload.nbf = payload.iat
        if (!('grantId' in token) || !token.grantId) return
        const { grantId, expiresWithSession, sessionUid } = token
        const lineage = { grantId, sessionUid: expiresWithSession ? sessionUid : undefined }
        payload[LINEAGE_CLAIM] = sealLineage(sealer, token.jti, lineage)
      },
    },
  }
}
