import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import { sealed } from '../platform/reseal/index.ts'

/** One enrolled credential as it is stored: how an account can prove itself, typed by its method. */
export interface CredentialDocument<Secret = unknown> {
  /** Made of method and handle where there is a handle, so that no two accounts can have the same one. */
  _id: string
  accountId: string
  method: string
  /** What its owner calls it. */
  name?: string
  /** What it is found by when nobody has said who they are (the hash of a passkey's id, say). */
  handle?: string
  /** What checking a proof needs: hashed, sealed or public, as the method says. */
  secret: Secret
  /** A part of it that is needed in clear, sealed. */
  sealed?: string
  createdAt: Date
  updatedAt: Date
  lastUsedAt?: Date
}

/** What the sealed part of a credential is bound to. */
export const sealingContext = ({ _id }: { _id: unknown }) => `credential:${_id}`

const schema = new Schema<CredentialDocument>(
  {
    _id: { type: String, required: true },
    accountId: { type: String, required: true },
    method: { type: String, required: true },
    name: String,
    handle: String,
    secret: { type: Schema.Types.Mixed, required: true },
    sealed: { type: String, ...sealed(sealingContext) },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
    lastUsedAt: Date,
  },
  { collection: 'credentials', versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ accountId: 1, method: 1 })

/**
 * The credentials on this connection. Sharding key: `_id`, hashed, which is what uniqueness of handles rests on.
 * Majority: a password that was changed must not be good again with a lost primary.
 */
export function credentialModel(connection: Connection): Model<CredentialDocument> {
  return connection.model<CredentialDocument>('Credential', schema)
}
