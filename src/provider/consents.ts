import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'
import { hashSecret } from '../platform/ids.ts'

/** What somebody allowed a client. */
export interface Consent {
  readonly scopes: readonly string[]
  readonly claims: readonly string[]
  readonly resources: readonly { readonly resource: string; readonly scopes: readonly string[] }[]
}

interface ConsentDocument {
  _id: string
  accountId: string
  clientId: string
  scopes: string[]
  claims: string[]
  resources: { resource: string; scopes: string[] }[]
  createdAt: Date
  updatedAt: Date
}

/** What people allowed, remembered per account and client. */
export interface Consents {
  find(accountId: string, clientId: string): Promise<Consent | undefined>
  /** Adds to what was allowed before. */
  remember(accountId: string, clientId: string, consent: Consent): Promise<void>
  /** Forgets what anybody allowed a client. */
  forgetClient(clientId: string): Promise<void>
}

const schema = new Schema<ConsentDocument>(
  {
    _id: { type: String, required: true },
    accountId: { type: String, required: true },
    clientId: { type: String, required: true },
    scopes: [String],
    claims: [String],
    resources: [{ _id: false, resource: String, scopes: [String] }],
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'consents', versionKey: false, strict: 'throw' },
)
schema.index({ accountId: 1 })
schema.index({ clientId: 1 })

const union = (before: readonly string[], added: readonly string[]) => [...new Set([...before, ...added])]

function mergeResources(before: Consent['resources'], added: Consent['resources']) {
  const names = union(
    before.map(({ resource }) => resource),
    added.map(({ resource }) => resource),
  )
  const scopesOf = (list: Consent['resources'], name: string) =>
    list.find(({ resource }) => resource === name)?.scopes ?? []
  return names.map((resource) => ({ resource, scopes: union(scopesOf(before, resource), scopesOf(added, resource)) }))
}

/**
 * Remembered consents on this connection. Sharding key: `_id`, which is a hash already, of account and client.
 * Majority: what was allowed to a client that was deleted must not come back with a lost primary, for the next one of its
 * id. Whose consent is lost would only be asked once more.
 */
export function createConsents(connection: Connection): Consents {
  const model = connection.model<ConsentDocument>('Consent', schema)
  const idOf = (accountId: string, clientId: string) => hashSecret(`${accountId} ${clientId}`)
  const find = async (accountId: string, clientId: string) =>
    (await model.findById(idOf(accountId, clientId)).lean<ConsentDocument>()) ?? undefined
  return {
    find,
    async remember(accountId, clientId, { scopes, claims, resources }) {
      const before = await find(accountId, clientId)
      const now = new Date()
      await model.updateOne(
        { _id: idOf(accountId, clientId) },
        {
          $addToSet: { scopes: { $each: [...scopes] }, claims: { $each: [...claims] } },
          $set: { resources: mergeResources(before?.resources ?? [], resources), updatedAt: now },
          $setOnInsert: { accountId, clientId, createdAt: now },
        },
        { upsert: true },
      )
    },
    async forgetClient(clientId) {
      await model.deleteMany({ clientId })
    },
  }
}
