import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** A change of an e-mail address that can be undone. Its id is the hash of the token that undoes it. */
export interface EmailChangeDocument {
  _id: string
  accountId: string
  from: string
  to: string
  changedAt: Date
  expiresAt: Date
}

const schema = new Schema<EmailChangeDocument>(
  {
    _id: { type: String, required: true },
    accountId: { type: String, required: true },
    from: { type: String, required: true },
    to: { type: String, required: true },
    changedAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'email_changes', versionKey: false, strict: 'throw' },
)
schema.index({ accountId: 1, changedAt: 1 })
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })

/**
 * The changes of addresses on this connection. Sharding key: `_id`, which is a hash already.
 * Majority: with a change that is forgotten with a lost primary its owner could not bring the old address back, and with
 * one that comes back whoever was put out could bring back theirs.
 */
export function emailChangeModel(connection: Connection): Model<EmailChangeDocument> {
  return connection.model<EmailChangeDocument>('EmailChange', schema)
}
