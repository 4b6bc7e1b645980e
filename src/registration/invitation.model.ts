import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** An address that may make an account, and what that account gets. Its id is the (normalised) address. */
export interface InvitedDocument {
  _id: string
  email: string
  roles: string[]
  invitedAt: Date
  expiresAt: Date
}

const schema = new Schema<InvitedDocument>(
  {
    _id: { type: String, required: true },
    email: { type: String, required: true },
    roles: { type: [String], required: true },
    invitedAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'registration_invitations', versionKey: false, strict: 'throw' },
)
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })

/**
 * The invited addresses on this connection. Sharding key: `_id`, hashed.
 * Majority: an invitation that was withdrawn must not come back, with its roles, with a lost primary.
 */
export function invitedModel(connection: Connection): Model<InvitedDocument> {
  return connection.model<InvitedDocument>('RegistrationInvitation', schema)
}
