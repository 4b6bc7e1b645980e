import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** What somebody said to the offer of a passkey. */
export interface ShortcutDocument {
  /** The account. */
  _id: string
  /** Not before. */
  askAgainAt?: Date
  /** Never again. */
  declinedAt?: Date
}

const schema = new Schema<ShortcutDocument>(
  { _id: { type: String, required: true }, askAgainAt: Date, declinedAt: Date },
  { collection: 'shortcut_offers', versionKey: false, strict: 'throw' },
)

/**
 * The answers on this connection. Sharding key: `_id`, hashed.
 * Majority, along with all the rest: whose answer is lost with a primary would only be asked once more.
 */
export function shortcutModel(connection: Connection): Model<ShortcutDocument> {
  return connection.model<ShortcutDocument>('ShortcutOffer', schema)
}
