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
  /** Where people with an address of these domains sign in, by its name in addresses. */
  readonly provider?: string | undefined
  readonly domains: readonly string[]
}

/** A stored organization. */
export interface OrganizationDocument {
  _id: string
  name: string
  tenantId: string
  needsSecondFactor?: boolean
  provider?: string
  domains?: string[]
  createdAt: Date
}

const schema = new Schema<OrganizationDocument>(
  {
    _id: { type: String, required: true },
    name: { type: String, required: true },
    tenantId: { type: String, required: true },
    needsSecondFactor: Boolean,
    provider: String,
    // Not there at all where there are none, or an empty list would be one of them.
    domains: { type: [String], default: undefined },
    createdAt: { type: Date, required: true },
  },
  { collection: 'organizations', versionKey: false, strict: 'throw' },
)
schema.index({ createdAt: 1, _id: 1 })
schema.index({ domains: 1 }, { unique: true, partialFilterExpression: { domains: { $exists: true } } })

/**
 * The organizations on this connection. A handful of documents: not sharded, so that no two have the same domain.
 * Majority: that members need two factors, or where they sign in no more, must not be forgotten with a lost primary.
 */
export function organizationModel(connection: Connection): Model<OrganizationDocument> {
  return connection.model<OrganizationDocument>('Organization', schema)
}

/** A stored organization as the rest of the program sees it. */
export function toOrganization({ _id, createdAt: _, ...document }: OrganizationDocument): Organization {
  const { name, tenantId, needsSecondFactor = false, provider, domains = [] } = document
  return { id: _id, name, tenantId, needsSecondFactor, ...(provider ? { provider } : {}), domains }
}
