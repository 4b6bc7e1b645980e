import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** A token that lets apps register themselves (RFC 7591 section 3: initial access token), hashed. */
export interface ClientInvitationDocument {
  _id: string
  tokenHash: string
  uses: number
  usesLeft: number
  createdAt: Date
  expiresAt: Date
  lastUsedAt?: Date
}

const schema = new Schema<ClientInvitationDocument>(
  {
    _id: { type: String, required: true },
    tokenHash: { type: String, required: true },
    uses: { type: Number, required: true },
    usesLeft: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    lastUsedAt: Date,
  },
  { collection: 'client_invitations', versionKey: false, strict: 'throw' },
)
schema.index({ tokenHash: 1 })
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 60 })

/**
 * The invitations on this connection. A handful of documents: not sharded.
 * Majority: a use that is forgotten with a lost primary could be had once more, and so could one that was revoked.
 */
export function clientInvitationModel(connection: Connection): Model<ClientInvitationDocument> {
  return connection.model<ClientInvitationDocument>('ClientInvitation', schema)
}
