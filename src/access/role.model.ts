import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import type { RolePermissions } from './can.ts'

/** A role: a name for what somebody may do. Who has it is told by accounts, and by organizations. */
export interface Role extends RolePermissions {
  readonly name: string
  readonly title: string
}

/** A stored role. */
export interface RoleDocument {
  _id: string
  title: string
  permissions: { api: string; names: string[] }[]
  createdAt: Date
  updatedAt: Date
}

const schema = new Schema<RoleDocument>(
  {
    _id: { type: String, required: true },
    title: { type: String, required: true },
    permissions: [{ _id: false, api: String, names: [String] }],
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'roles', versionKey: false, strict: 'throw' },
)

/**
 * The roles on this connection. A handful of documents: not sharded.
 * Majority: what a role no longer gives must not come back with a lost primary.
 */
export function roleModel(connection: Connection): Model<RoleDocument> {
  return connection.model<RoleDocument>('Role', schema)
}

/** A stored role as the rest of the program sees it. */
export function toRole({ _id, title, permissions }: RoleDocument): Role {
  return { name: _id, title, permissions }
}
