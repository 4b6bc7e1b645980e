import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import { sealed } from '../platform/reseal/index.ts'

/** A credential that is being added: one at a time per account and method, so that starting again replaces it. */
export interface EnrolmentDocument {
  /** Account and method. */
  _id: string
  nonce: string
  /** The method's state and what its page shows, sealed. */
  sealed: string
  triesLeft: number
  expiresAt: Date
}

/** What a sealed enrolment is bound to. */
export const sealingContext = ({ _id }: { _id: unknown }) => `enrolment:${_id}`

const schema = new Schema<EnrolmentDocument>(
  {
    _id: { type: String, required: true },
    nonce: { type: String, required: true },
    sealed: { type: String, required: true, ...sealed(sealingContext) },
    triesLeft: { type: Number, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'enrolments', versionKey: false, strict: 'throw' },
)
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })

/**
 * The enrolments on this connection. Sharding key: `_id`, hashed.
 * Majority: one that was used up must not come back with a lost primary.
 */
export function enrolmentModel(connection: Connection): Model<EnrolmentDocument> {
  return connection.model<EnrolmentDocument>('Enrolment', schema)
}
