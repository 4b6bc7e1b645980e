import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import { hashSecret } from '../platform/ids.ts'

/** That an account belongs to an organization, and what it is there. */
export interface MembershipDocument {
  _id: string
  organizationId: string
  accountId: string
  roles: string[]
  createdAt: Date
}

const schema = new Schema<MembershipDocument>(
  {
    _id: { type: String, required: true },
    organizationId: { type: String, required: true },
    accountId: { type: String, required: true },
    roles: { type: [String], required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'memberships', versionKey: false, strict: 'throw' },
)
schema.index({ accountId: 1 })
schema.index({ organizationId: 1, createdAt: 1 })

/** One membership for an organization and an account: the id is made of both, and is unique on every shard. */
export function membershipId(organizationId: string, accountId: string): string {
  return hashSecret(`${organizationId} ${accountId}`)
}

/**
 * The memberships on this connection. Sharding key: `_id`.
 * Majority: who was put out of an organization must not be in again with a lost primary.
 */
export function membershipModel(connection: Connection): Model<MembershipDocument> {
  return connection.model<MembershipDocument>('Membership', schema)
}
