import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** A signing key: the public half in clear, the private half sealed. */
export interface SigningKeyDocument {
  _id: string
  alg: string
  state: 'current'
  sealedPrivateJwk: string
  createdAt: Date
}

const schema = new Schema<SigningKeyDocument>(
  {
    _id: { type: String, required: true },
    alg: { type: String, required: true },
    state: { type: String, required: true },
    sealedPrivateJwk: { type: String, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'signing_keys', versionKey: false, strict: 'throw' },
)
// Two processes that start at once on an empty database: one key is kept, the other process reads it.
schema.index({ alg: 1, state: 1 }, { unique: true, partialFilterExpression: { state: 'current' } })

/**
 * The signing keys on this connection. A handful of documents: not sharded.
 * Majority: what was signed with a key that is lost with a primary could be checked by nobody.
 */
export function signingKeyModel(connection: Connection): Model<SigningKeyDocument> {
  return connection.model<SigningKeyDocument>('SigningKey', schema)
}
