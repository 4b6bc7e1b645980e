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
// Not unique: it is of 256 random bits, so that no two are the same.
schema.index({ linkHash: 1 })
schema.index({ browserHash: 1, createdAt: -1 })
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })

/**
 * The resets on this connection. Not sharded: they are used by their links and browsers, not by their ids, and few wait
 * at a time.
 * Majority: a try that is forgotten with a lost primary would be one more guess at a code, and a link that was used or
 * replaced would be good again.
 */
export function resetModel(connection: Connection): Model<ResetDocument> {
  return connection.model<ResetDocument>('PasswordReset', schema)
}

/** The id of the one reset of this account, or of this identifier that nobody has. */
export const resetId = (owner: { accountId: string } | { identifier: string }) =>
  hashSecret('accountId' in owner ? `account:${owner.accountId}` : `nobody:${owner.identifier}`)

/** What a typed code is compared by. */
export const codeHash = (browser: string, code: string) => hashSecret(`${browser}:${code}`)
