import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import type { Door } from './policies/index.ts'

/** One of a client's secrets: its hash, never the secret. */
export interface ClientSecret {
  /** Tells it from the others; says nothing of the secret. */
  id: string
  hash: string
  createdAt: Date
  expiresAt?: Date
  /** To the hour. */
  lastUsedAt?: Date
}

/** A registered client. The metadata (RFC 7591 section 2) holds no secret. */
export interface ClientDocument {
  _id: string
  metadata: string
  name?: string
  /** The door it came through. */
  via: Door
  secrets: ClientSecret[]
  /** When an operator found that a self-registered client is what it says it is. */
  verifiedAt?: Date
  /** The token with which a self-registered client manages itself (RFC 7592), hashed. */
  managementHash?: string
  createdAt: Date
  updatedAt: Date
}

const secretSchema = new Schema<ClientSecret>(
  {
    id: { type: String, required: true },
    hash: { type: String, required: true },
    createdAt: { type: Date, required: true },
    expiresAt: Date,
    lastUsedAt: Date,
  },
  { _id: false, id: false, strict: 'throw' },
)
const schema = new Schema<ClientDocument>(
  {
    _id: { type: String, required: true },
    // As JSON text: whatever a standard adds, however it spells its keys, comes back exactly as it was registered.
    metadata: { type: String, required: true },
    name: String,
    via: { type: String, required: true },
    secrets: [secretSchema],
    verifiedAt: Date,
    managementHash: String,
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'clients', versionKey: false, strict: 'throw' },
)
schema.index({ createdAt: 1, _id: 1 })

/**
 * The clients on this connection. Sharding key: `_id`.
 * Majority: a changed secret or address, or a deleted client, must not come back with a lost primary.
 */
export function clientModel(connection: Connection): Model<ClientDocument> {
  return connection.model<ClientDocument>('Client', schema)
}
