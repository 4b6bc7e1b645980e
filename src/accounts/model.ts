import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** Whether an account may be used. */
export type AccountStatus = 'active' | 'suspended' | 'closed'

/** An account: who somebody is, and nothing about how they prove it. */
export interface Account {
  readonly id: string
  readonly email: string
  readonly isEmailVerified: boolean
  readonly name?: string | undefined
  /** The language in which they are written to, as BCP 47 names it. */
  readonly locale?: string | undefined
  readonly roles: readonly string[]
  readonly status: AccountStatus
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** An account as it is stored; `identifier` is the normalised e-mail that people sign in with. */
export interface AccountDocument {
  _id: string
  identifier: string
  email: string
  isEmailVerified: boolean
  name?: string
  locale?: string
  roles: string[]
  status: AccountStatus
  createdAt: Date
  updatedAt: Date
}

const schema = new Schema<AccountDocument>(
  {
    _id: { type: String, required: true },
    identifier: { type: String, required: true },
    email: { type: String, required: true },
    isEmailVerified: { type: Boolean, required: true },
    name: String,
    locale: String,
    roles: { type: [String], required: true },
    status: { type: String, enum: ['active', 'suspended', 'closed'], required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'accounts', versionKey: false, strict: 'throw' },
)
schema.index({ identifier: 1 }, { unique: true })
schema.index({ roles: 1 })

/**
 * The accounts on this connection. Sharding key: `identifier` (not hashed), which has to stay unique across shards: what
 * changes it names the old one. By its id an account is looked up on all shards.
 * Majority: a suspension that is forgotten with a lost primary would let somebody in again.
 */
export function accountModel(connection: Connection): Model<AccountDocument> {
  return connection.model<AccountDocument>('Account', schema)
}

/** A stored account as the rest of the program sees it. */
export function toAccount(document: AccountDocument): Account {
  const { _id, identifier: _, ...rest } = document
  return { id: _id, ...rest }
}
