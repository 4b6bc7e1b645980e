import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** Who did it. */
export interface Actor {
  readonly type: 'account' | 'client' | 'system' | 'anonymous'
  readonly id?: string | undefined
}

/** One stored audit event. */
export interface AuditDocument {
  _id: string
  at: Date
  name: string
  actor: Actor
  accountId?: string
  clientId?: string
  address?: string
  requestId?: string
  detail: Record<string, unknown>
}

const schema = new Schema<AuditDocument>(
  {
    _id: { type: String, required: true },
    at: { type: Date, required: true },
    name: { type: String, required: true },
    actor: { type: Schema.Types.Mixed, required: true },
    accountId: String,
    clientId: String,
    address: String,
    requestId: String,
    detail: { type: Schema.Types.Mixed, required: true },
  },
  { collection: 'audit_events', versionKey: false, minimize: false, strict: 'throw' },
)
// Ids rise with time: what is newest is found by them, and every event costs an index less.
schema.index({ accountId: 1, _id: -1 }, { partialFilterExpression: { accountId: { $exists: true } } })
schema.index({ name: 1, _id: -1 })

// Append only: the trail is worth nothing if the program itself can edit it. Only what was kept long enough is removed,
// by retention.ts.
const refuse = () => {
  throw new Error('the audit trail is append only')
}
schema.pre(['updateOne', 'updateMany', 'findOneAndUpdate', 'replaceOne', 'findOneAndReplace'], refuse)
schema.pre(['deleteOne', 'deleteMany', 'findOneAndDelete'], refuse)

/**
 * The audit collection on this connection. Sharding key: `_id`, hashed.
 * Majority: what happened must not be forgotten with a lost primary.
 */
export function auditModel(connection: Connection): Model<AuditDocument> {
  return connection.model<AuditDocument>('AuditEvent', schema)
}
