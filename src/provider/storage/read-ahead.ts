import type { Gathered, Units } from '../../platform/database/index.ts'
import { hashSecret } from '../../platform/ids.ts'
import type { ArtifactDocument } from './artifact.model.ts'
import type { Related } from './related.ts'

type Reading = Promise<readonly ArtifactDocument[]>

/** Reading records, where it is known what is asked for next. */
export interface ReadAhead {
  /** Begins to read this grant and this session, in one command with whatever is read now. */
  begin(expected: Pick<Related, 'grantId' | 'sessionUid'>): void
  /** What was begun to be read by this id or uid, once; undefined when nothing was. */
  take(name: string): Reading | undefined
  /** What was read ahead in this unit of work may be out of date. */
  forget(): void
}

/** The record of this id, if there is one. */
export async function readOne(records: Gathered<ArtifactDocument>, _id: string) {
  const found = await records.find(_id)
  return found ? [found] : []
}

/** Within a unit of work each record is read ahead at most once, and what was read is given out once. */
export function createReadAhead(records: Gathered<ArtifactDocument>, units: Units): ReadAhead {
  const ahead = units.known<Map<string, Reading>>()

  const begin = (begun: Map<string, Reading>, name: string, read: (hash: string) => Reading) => {
    if (begun.has(name)) return
    const reading = read(hashSecret(name))
    // Nobody may ask for it in the end.
    reading.catch(() => {})
    begun.set(name, reading)
  }

  return {
    begin({ grantId, sessionUid }) {
      const begun = ahead.get() ?? new Map<string, Reading>()
      if (!ahead.set(begun)) return
      if (grantId) begin(begun, grantId, (hash) => readOne(records, hash))
      if (sessionUid) begin(begun, sessionUid, (hash) => records.findBy('uidHash', hash))
    },
    take(name) {
      const begun = ahead.get()
      const reading = begun?.get(name)
      begun?.delete(name)
      return reading
    },
    forget() {
      ahead.set(undefined)
    },
  }
}
