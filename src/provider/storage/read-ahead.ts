import type { AdapterPayload } from 'oidc-provider'
import type { Gathered, Units } from '../../platform/database/index.ts'
import { hashSecret } from '../../platform/ids.ts'
import type { ArtifactDocument } from './artifact.model.ts'

type Field = '_id' | 'uidHash'

/** Reading records, where it is known what is asked for next. */
export interface ReadAhead {
  /** Begins to read what hangs together with this: the grant, and the session that it ends with, in one command. */
  begin(payload: AdapterPayload): void
  find(field: Field, value: string): Promise<readonly ArtifactDocument[]>
  /** What was read ahead in this unit of work may be out of date. */
  forget(): void
}

/** After one of these the library asks for its session and its grant, one after the other. */
const GRANTED: ReadonlySet<unknown> = new Set(['AccessToken', 'RefreshToken', 'AuthorizationCode'])

/** Within a unit of work each record is read ahead at most once, and what was read is given out once. */
export function createReadAhead(records: Gathered<ArtifactDocument>, units: Units): ReadAhead {
  const ahead = new WeakMap<object, Map<string, Promise<readonly ArtifactDocument[]>>>()

  const read = async (field: Field, value: string) => {
    if (field !== '_id') return records.findBy(field, value)
    const found = await records.find(value)
    return found ? [found] : []
  }

  return {
    begin({ kind, grantId, sessionUid, expiresWithSession }) {
      const unit = units.current()
      if (!unit || !GRANTED.has(kind)) return
      const begun = new Map<string, Promise<readonly ArtifactDocument[]>>()
      const begin = (field: Field, secret: string) => {
        const reading = read(field, hashSecret(secret))
        // Nobody may ask for it in the end.
        reading.catch(() => {})
        begun.set(`${field} ${hashSecret(secret)}`, reading)
      }
      if (grantId) begin('_id', grantId)
      if (expiresWithSession && sessionUid) begin('uidHash', sessionUid)
      ahead.set(unit, begun)
    },
    find(field, value) {
      const unit = units.current()
      const begun = unit && ahead.get(unit)
      const reading = begun?.get(`${field} ${value}`)
      begun?.delete(`${field} ${value}`)
      return reading ?? read(field, value)
    },
    forget() {
      const unit = units.current()
      if (unit) ahead.delete(unit)
    },
  }
}
