import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** One enrolled credential: how an account can prove itself, typed by its method. */
export interface CredentialDocument<Secret = unknown> {
  _id: string
  accountId: string
  method: string
  secret: Secret
  createdAt: Date
  updatedAt: Date
  lastUsedAt?: Date
}

/** Credentials, for the methods that own them. */
export interface Credentials {
  /** The single credential of a method that allows one an account. */
  findOnly<Secret>(accountId: string, method: string): Promise<CredentialDocument<Secret> | undefined>
  /** Makes or replaces it. */
  setOnly(accountId: string, method: string, secret: unknown): Promise<void>
  /** Replaces its secret if nobody else did so since it was read. */
  replaceOnly(accountId: string, method: string, from: unknown, to: unknown): Promise<boolean>
  /** Remembers that it was used now. */
  touch(id: string): Promise<void>
}

const schema = new Schema<CredentialDocument>(
  {
    _id: { type: String, required: true },
    accountId: { type: String, required: true },
    method: { type: String, required: true },
    secret: { type: Schema.Types.Mixed, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
    lastUsedAt: Date,
  },
  { collection: 'credentials', versionKey: false, strict: 'throw' },
)
schema.index({ accountId: 1, method: 1 })

/**
 * The credentials on this connection. Sharding key: `_id`, which begins with the account.
 * Majority: a password that was changed must not be good again with a lost primary.
 */
export function credentialModel(connection: Connection): Model<CredentialDocument> {
  return connection.model<CredentialDocument>('Credential', schema)
}

/** Credentials on this model. The id of an only credential is made of account and method, so a second cannot exist. */
export function createCredentials(model: Model<CredentialDocument>): Credentials {
  const only = (accountId: string, method: string) => ({ _id: `${accountId}:${method}` })
  return {
    findOnly: async <Secret>(accountId: string, method: string) =>
      (await model.findOne(only(accountId, method)).lean<CredentialDocument<Secret>>()) ?? undefined,
    async setOnly(accountId, method, secret) {
      const now = new Date()
      await model.updateOne(
        only(accountId, method),
        { $set: { secret, updatedAt: now }, $setOnInsert: { accountId, method, createdAt: now } },
        { upsert: true },
      )
    },
    async replaceOnly(accountId, method, from, to) {
      const { modifiedCount } = await model.updateOne(
        { ...only(accountId, method), secret: from },
        { $set: { secret: to, updatedAt: new Date() } },
      )
      return modifiedCount === 1
    },
    async touch(id) {
      await model.updateOne({ _id: id }, { $set: { lastUsedAt: new Date() } })
    },
  }
}
