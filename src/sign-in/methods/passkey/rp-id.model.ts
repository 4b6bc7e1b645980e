import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'

interface RpIdDocument {
  _id: 'current'
  rpId: string
}

const schema = new Schema<RpIdDocument>(
  { _id: { type: String, required: true }, rpId: { type: String, required: true } },
  { collection: 'passkey_rp_id', versionKey: false, strict: 'throw' },
)

/**
 * Remembers which relying party id passkeys are made for on this connection. One document: not sharded.
 * Majority, along with all the rest: when it is lost with a primary, a start would only warn once more.
 * @returns a function that keeps the present one, and says which it was before if that was another
 */
export function rememberedRpId(connection: Connection) {
  const model = connection.model<RpIdDocument>('PasskeyRpId', schema)
  return async (rpId: string): Promise<string | undefined> => {
    const before = await model
      .findOneAndUpdate({ _id: 'current' }, { $set: { rpId } }, { upsert: true, returnDocument: 'before' })
      .lean<RpIdDocument>()
    return before && before.rpId !== rpId ? before.rpId : undefined
  }
}
