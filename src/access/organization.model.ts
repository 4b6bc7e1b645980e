import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** An organization: people who act for it may have roles there that they have nowhere else. */
export interface Organization {
  readonly id: string
  readonly name: string
  /** Whose data it is. Organizations may share a tenant; on its own, each is one itself. */
  readonly tenantId: string
  /** Whether its members always sign in with two factors, wherever they go. */
  readonly needsSecondFactor: boolean
}

/** A stored organization. */
export interface OrganizationDocument {
  _id: string
  name: string
  tenantId: string
  needsSecondFactor?: boolean
  createdAt: Date
}

const schema = new Schema<OrganizationDocument>(
  {
    _id: { type: String, required: true },
    name: { type: String, required: true },
    tenantId: { type: String, required: true },
    needsSecondFactor: Boolean,
    createdAt: { type: Date, required: true },
  },
  { collection: 'organizations', versionKey: false, strict: 'throw' },
)
schema.index({ createdAt: 1, _id: 1 })

/**
 * The organizations on this connection. Sharding key: `_id`.
 * Majority, along with all the rest: one that is lost with a primary would only have to be made again.
 */
export function organizationModel(connection: Connection): Model<OrganizationDocument> {
  return connection.model<OrganizationDocument>('Organization', schema)
}

/** A stored organization as the rest of the program sees it. */
export function toOrganization({ _id, name, tenantId, needsSecondFactor = false }: OrganizationDocument): Organization {
  return { id: _id, name, tenantId, needsSecondFactor }
}
