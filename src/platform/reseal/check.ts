import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'
import type { Sealer } from '../seal.ts'
import { sealed } from './sealed-field.ts'

interface CheckDocument {
  _id: 'sealing'
  sealed: string
}

const checkContext = () => 'sealing-check'

const schema = new Schema<CheckDocument>(
  { _id: { type: String, required: true }, sealed: { type: String, required: true, ...sealed(checkContext) } },
  { collection: 'sealing_check', versionKey: false, strict: 'throw' },
)

/**
 * Opens a value that the first start has left, so that no process works on this database with other keys: what one
 * sealed the other could not read. One document. Sharding key: `_id`.
 * @throws SealError when no key opens it
 */
export async function checkSealingKeys(connection: Connection, sealer: Sealer): Promise<void> {
  const model = connection.model<CheckDocument>('SealingCheck', schema)
  const value = sealer.seal('', checkContext())
  const kept = await model
    .findOneAndUpdate(
      { _id: 'sealing' },
      { $setOnInsert: { sealed: value } },
      { upsert: true, returnDocument: 'after' },
    )
    .lean<CheckDocument>()
  sealer.open(kept?.sealed ?? value, checkContext())
}
