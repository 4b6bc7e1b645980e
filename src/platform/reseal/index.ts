// Changing the key that seals: what hangs on which key, and sealing anew what hangs on old ones.
// Works on whatever fields the models tell of; knows none of them. What was sealed and handed out cannot be sealed anew:
// its key is needed until it has ended.
import type { Connection } from 'mongoose'
import type { Sealer } from '../seal.ts'
import { createNeededKeys } from './check.ts'
import { resealField } from './reseal-field.ts'
import { sealedFieldsOf } from './sealed-field.ts'

export { checkSealingKeys } from './check.ts'
export { sealed } from './sealed-field.ts'

/** How many values of a collection hang on a sealing key. */
export interface SealedCount {
  readonly collection: string
  readonly keyId: string
  readonly count: number
}

/** How far sealing anew has come. */
export interface ResealProgress {
  readonly done: number
  /** As counted at the beginning: more may come while other processes still seal with an old key. */
  readonly total: number
}

/** What came of sealing anew. */
export interface Resealed {
  readonly keyId: string
  readonly resealed: number
  /** Values that still hang on an old key: changed meanwhile by a process that seals with it. */
  readonly remaining: number
  /** Values that no configured key opens. */
  readonly unreadable: number
}

/** Looks after values that were sealed with earlier keys. */
export interface Reseal {
  /** The configured keys, the one that seals first. */
  readonly keyIds: readonly string[]
  /** What hangs on which key. Reads every sealed value's beginning, so it takes as long as there are many. */
  survey(): Promise<SealedCount[]>
  /** Until when old keys are needed for what they have sealed that is not here; by their ids. Known from `run` on. */
  neededUntil(): Promise<ReadonlyMap<string, Date>>
  /**
   * Seals everything anew that hangs on an old key, in batches. Can be stopped at any moment and begun again: what is
   * done is done. A value that changes meanwhile is left alone, and looked at again in the next pass.
   */
  run(onProgress: (progress: ResealProgress) => void): Promise<Resealed>
}

/** Passes over everything, for what changes meanwhile. */
const PASSES = 3

/** What sealing anew needs from outside. */
export interface ResealDependencies {
  readonly connection: Connection
  readonly sealer: Sealer
  /** How many seconds something lasts at most that is sealed and handed out, so that it comes back. */
  readonly outsideSeconds: () => Promise<number>
}

/** Over the models on this connection. */
export function createReseal({ connection, sealer, outsideSeconds }: ResealDependencies): Reseal {
  const [keyId = '', ...oldIds] = sealer.keyIds
  const needed = createNeededKeys(connection)

  const survey = async () => {
    const counts = await Promise.all(
      sealedFieldsOf(connection).map(async ({ model, path }) => {
        const group = { _id: { $substrBytes: [`$${path}`, sealer.keyIdAt, keyId.length] }, count: { $sum: 1 } }
        const groups = await model.aggregate<{ _id: string; count: number }>([
          { $match: { [path]: { $type: 'string' } } },
          { $group: group },
        ])
        return groups.map(({ _id, count }) => ({ collection: model.collection.name, keyId: _id, count }))
      }),
    )
    return counts.flat()
  }
  const countOld = async () => {
    const old = (await survey()).filter((entry) => entry.keyId !== keyId)
    return old.reduce((sum, { count }) => sum + count, 0)
  }

  return {
    survey,
    neededUntil: needed.list,
    keyIds: sealer.keyIds,
    async run(onProgress) {
      const total = await countOld()
      let [resealed, unreadable, remaining] = [0, 0, total]
      for (let pass = 0; pass < PASSES && remaining > unreadable; pass += 1) {
        unreadable = 0
        for (const field of sealedFieldsOf(connection)) {
          for await (const batch of resealField(field, sealer)) {
            resealed += batch.resealed
            unreadable += batch.unreadable
            onProgress({ done: resealed, total })
          }
        }
        remaining = await countOld()
      }
      // Whatever was sealed anew may have been handed out until now as well.
      await needed.note(oldIds, new Date(Date.now() + (await outsideSeconds()) * 1000), resealed > 0)
      return { keyId, resealed, remaining: Math.max(0, remaining - unreadable), unreadable }
    },
  }
}
