import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** That an account trusts a browser. The id is made of both, and of a secret that only the browser has. */
export interface TrustedDeviceDocument {
  _id: string
  accountId: string
  /** What its owner knows it by. */
  name: string
  createdAt: Date
  lastUsedAt?: Date
  expiresAt: Date
}

const schema = new Schema<TrustedDeviceDocument>(
  {
    _id: { type: String, required: true },
    accountId: { type: String, required: true },
    name: { type: String, required: true },
    createdAt: { type: Date, required: true },
    lastUsedAt: Date,
    expiresAt: { type: Date, required: true },
  },
  { collection: 'trusted_devices', versionKey: false, strict: 'throw' },
)
// The sweep only tidies up: expiry is checked on every read.
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })
schema.index({ accountId: 1, createdAt: -1 })

/**
 * The trusted devices on this connection. Sharding key: `_id`, which is a hash already.
 * Majority: trust that was taken back must not come back with a lost primary.
 */
export function trustedDeviceModel(connection: Connection): Model<TrustedDeviceDocument> {
  return connection.model<TrustedDeviceDocument>('TrustedDevice', schema)
}
