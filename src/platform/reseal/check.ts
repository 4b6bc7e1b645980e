import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import type { Sealer } from '../seal.ts'
import { sealed } from './sealed-field.ts'

interface CheckDocument {
  _id: 'sealing'
  sealed: string
  /** By the id of an old key: until when what it sealed may come back from outside. */
  neededUntil?: Record<string, Date>
}

const checkContext = () => 'sealing-check'

const schema = new Schema<CheckDocument>(
  {
    _id: { type: String, required: true },
    sealed: { type: String, required: true, ...sealed(checkContext) },
    neededUntil: { type: Map, of: Date },
  },
  { collection: 'sealing_check', versionKey: false, strict: 'throw' },
)

/**
 * One document: not sharded.
 * Majority: when it is forgotten with a lost primary, a process with other keys could start and seal what nobody else can
 * open, or an old key be thrown away while it is needed.
 */
const modelOf = (connection: Connection): Model<CheckDocument> =>
  connection.model<CheckDocument>('SealingCheck', schema)

/**
 * Opens a value that the first start has left, so that no process works on this database with other keys: what one
 * sealed the other could not read.
 * @throws SealError when no key opens it
 */
export async function checkSealingKeys(connection: Connection, sealer: Sealer): Promise<void> {
  const model = modelOf(connection)
  const value = sealer.seal('', checkContext())
  const kept = await model
    .findOneAndUpdate(
      { _id: 'sealing' },
      // A key that seals (again) hands out anew.
      { $setOnInsert: { sealed: value }, $unset: { [`neededUntil.${sealer.keyIds[0]}`]: 1 } },
      { upsert: true, returnDocument: 'after' },
    )
    .lean<CheckDocument>()
  sealer.open(kept?.sealed ?? value, checkContext())
}

/** Until when what old keys have sealed may come back from outside, by the ids of the keys. */
export interface NeededKeys {
  readonly list: () => Promise<ReadonlyMap<string, Date>>
  /** Notes it for these keys, and leaves those alone that are noted already unless it `isLater` for them. */
  readonly note: (keyIds: readonly string[], until: Date, isLater: boolean) => Promise<void>
}

/** Kept beside the value that tells whether the keys fit. */
export function createNeededKeys(connection: Connection): NeededKeys {
  const model = modelOf(connection)
  return {
    async list() {
      const { neededUntil = {} } = (await model.findById('sealing').lean<CheckDocument>()) ?? {}
      return new Map(Object.entries(neededUntil))
    },
    async note(keyIds, until, isLater) {
      for (const keyId of keyIds) {
        const path = `neededUntil.${keyId}`
        const isOpen = isLater ? {} : { [path]: { $exists: false } }
        await model.updateOne({ _id: 'sealing', ...isOpen }, { $set: { [path]: until } })
      }
    },
  }
}
