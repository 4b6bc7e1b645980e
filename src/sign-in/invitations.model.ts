import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** What an invitation lets its bearer do. */
export type InvitationPurpose = 'first-administrator' | 'set-password'

/** A one-time link as it is stored: its id is the hash of the token. */
export interface InvitationDocument {
  _id: string
  purpose: InvitationPurpose
  accountId?: string
  createdAt: Date
  expiresAt: Date
  consumedAt?: Date
}

const schema = new Schema<InvitationDocument>(
  {
    _id: { type: String, required: true },
    purpose: { type: String, enum: ['first-administrator', 'set-password'], required: true },
    accountId: String,
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    consumedAt: Date,
  },
  { collection: 'invitations', versionKey: false, strict: 'throw' },
)
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })
schema.index({ purpose: 1, accountId: 1 })

/**
 * The invitations on this connection. Sharding key: `_id`, hashed.
 * Majority: a link that was used must not be good again with a lost primary.
 */
export function invitationModel(connection: Connection): Model<InvitationDocument> {
  return connection.model<InvitationDocument>('Invitation', schema)
}
