import type { AdapterPayload } from 'oidc-provider'
import { createRecent } from '../../platform/recent.ts'
import { SealError, type Sealer } from '../../platform/seal.ts'
import type { ArtifactDocument } from './artifact.model.ts'

/** So many values, of some hundred characters each. */
const MOST = 5000

/**
 * Opens sealed values, and those that were opened lately from memory: a token that is introspected again, the session
 * and the grant of somebody who is at work. They are still read from the database every time, so what has changed
 * there, which is sealed to another text, or is gone, is never missed. Opening costs more than reading.
 */
export function rememberOpened(sealer: Pick<Sealer, 'open'>): Pick<Sealer, 'open'> {
  const remembered = createRecent<{ readonly sealed: string; readonly plain: string }>(MOST)
  return {
    open(sealed, context) {
      const before = remembered.get(context)
      if (before?.sealed === sealed) return before.plain
      const plain = sealer.open(sealed, context)
      remembered.set(context, { sealed, plain })
      return plain
    },
  }
}

/**
 * What these sessions hold, but for those that no configured key opens: nobody can tell any more who takes part in them,
 * and that must not keep an account from being ended.
 */
export function openReadable(
  sessions: readonly ArtifactDocument[],
  open: (document: ArtifactDocument) => AdapterPayload,
): AdapterPayload[] {
  return sessions.flatMap((document): AdapterPayload[] => {
    try {
      return [open(document)]
    } catch (error) {
      if (error instanceof SealError) return []
      throw error
    }
  })
}
