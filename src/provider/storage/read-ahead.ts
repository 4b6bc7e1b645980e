import type { Gathered, Units } from '../../platform/database/index.ts'
import { hashSecret } from '../../platform/ids.ts'
import type { ArtifactDocument } from './artifact.model.ts'
import type { Related } from './related.ts'

type Field = '_id' | 'uidHash'
type Reading = Promise<readonly ArtifactDocument[]>

/** Reading records, where it is known what is asked for next. */
export interface ReadAhead {
  /** Begins to read this grant and this session, in one command with whatever is read now. */
  begin(expected: Pick<Related, 'grantId' | 'sessionUid'>): void
  find(field: Field, value: string): Reading
  /** What was read ahead in this unit of work may be out of date. */
  forget(): void
}

/** Within a unit of work each record is read ahead at most once, and what was read is given out once. */
export function createReadAhead(records: Gathered<ArtifactDocument>, units: Units): ReadAhead {
  const ahead = units.known<Map<string, Reading>>()

  const read = async (field: Field, value: string) => {
    if (field !== '_id') return records.findBy(field, value)
    const found = await records.find(value)
    return found ? [found] : []
  }
  const begin = (begun: Map<string, Reading>, field: Field, secret: string) => {
    const value = hashSecret(secret)
    if (begun.has(value)) return
    const reading = read(field, value)
    // Nobody may ask for it in the end.
    reading.catch(() => {})
    begun.set(value, reading)
  }

  return {
    begin({ grantId, sessionUid }) {
      const begun = ahead.get() ?? new Map<string, Reading>()
      if (!ahead.set(begun)) return
      if (grantId) begin(begun, '_id', grantId)
      if (sessionUid) begin(begun, 'uidHash', sessionUid)
    },
    find(field, value) {
      const begun = ahead.get()
      const reading = begun?.get(value)
      begun?.delete(value)
      return reading ?? read(field, value)
    },
    forget() {
      ahead.set(undefined)
    },
  }
}
