import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import { hashSecret } from '../platform/ids.ts'
import { sealed } from '../platform/reseal/index.ts'

/** What is sealed in a reset. */
export interface ResetContent {
  /** As it was typed, for showing it again where it was typed. */
  readonly identifier: string
  /** Where to go on afterwards, a path of ours. */
  readonly returnPath?: string | undefined
}

/**
 * A reset that waits to be used. Its id is made of the account (or, where nobody has one, of the identifier), so that a
 * newer one takes the place of an earlier one.
 */
export interface ResetDocument {
  _id: string
  /** Without one it is a decoy: it takes as long, and cannot be used. */
  accountId?: string
  linkHash: string
  /** The browser that asked: the code counts there and nowhere else. Without one there is no code. */
  browserHash?: string
  /** Of the browser's secret and the code together: the few digits alone would be guessed from their hash. */
  codeHash?: string
  triesLeft: number
  sealed: string
  createdAt: Date
  expiresAt: Date
}

/** For what a reset is sealed. */
export const contextOf = ({ _id }: Pick<ResetDocument, '_id'>) => `password-reset:${_id}`

const schema = new Schema<ResetDocument>(
  {
    _id: { type: String, required: true },
    accountId: String,
    linkHash: { type: String, required: true },
    browserHash: String,
    codeHash: String,
    triesLeft: { type: Number, required: true },
    sealed: { type: String, required: true, ...sealed(contextOf) },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'password_resets', versionKey: false, strict: 'throw' },
)
schema.index({ linkHash: 1 }, { unique: true })
schema.index({ browserHash: 1, createdAt: -1 })
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })

/** The resets on this connection. Sharding key: `_id`, hashed; a link is looked up on all shards. */
export function resetModel(connection: Connection): Model<ResetDocument> {
  return connection.model<ResetDocument>('PasswordReset', schema)
}

/** The id of the one reset of this account, or of this identifier that nobody has. */
export const resetId = (owner: { accountId: string } | { identifier: string }) =>
  hashSecret('accountId' in owner ? `account:${owner.accountId}` : `nobody:${owner.identifier}`)

/** What a typed code is compared by. */
export const codeHash = (browser: string, code: string) => hashSecret(`${browser}:${code}`)
