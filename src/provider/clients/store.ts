import type { Model } from 'mongoose'
import type { ClientMetadata } from 'oidc-provider'
import type { Changes } from '../../platform/database/index.ts'
import { createMetadataCache } from './metadata-cache.ts'
import type { ClientDocument } from './model.ts'

/** A registered client as it is read back. */
export interface StoredClient {
  readonly id: string
  readonly metadata: ClientMetadata
  readonly createdAt: Date
}

/** Registered clients, as the rest of `provider/` reads and writes them. */
export interface ClientStore {
  /** What the library is given: in place of the secret stands its hash. Remembered until the client changes. */
  findMetadata(id: string): Promise<ClientMetadata | undefined>
  find(id: string): Promise<StoredClient | undefined>
  list(): Promise<StoredClient[]>
  /** @returns false when there is a client of this id already */
  insert(metadata: ClientMetadata, secretHash: string | undefined): Promise<boolean>
  /** Changes what is registered; secrets stay. @returns false when there is no such client */
  replaceMetadata(metadata: ClientMetadata): Promise<boolean>
  delete(id: string): Promise<boolean>
}

const DUPLICATE_KEY = 11000

/** Registered clients on this model. Changes, of whichever process, drop what is remembered of a client. */
export function createClientStore(model: Model<ClientDocument>, changes: Changes): ClientStore {
  const present = (document: ClientDocument): StoredClient => ({
    id: document._id,
    metadata: JSON.parse(document.metadata),
    createdAt: document.createdAt,
  })
  const readMetadata = async (id: string): Promise<ClientMetadata | undefined> => {
    const document = await model.findById(id).lean<ClientDocument>()
    if (!document) return undefined
    const [secret] = document.secrets
    return { ...JSON.parse(document.metadata), ...(secret ? { client_secret: secret.hash } : {}) }
  }
  const cache = createMetadataCache(readMetadata, changes.isLive)
  changes.follow(model.collection.name, (id) => cache.forget(id === undefined ? undefined : String(id)))

  return {
    findMetadata: cache.find,
    async find(id) {
      const document = await model.findById(id).lean<ClientDocument>()
      return document ? present(document) : undefined
    },
    async list() {
      const documents = await model.find().sort({ createdAt: 1, _id: 1 }).lean<ClientDocument[]>()
      return documents.map(present)
    },
    async insert(metadata, secretHash) {
      const now = new Date()
      const { client_id, client_name } = metadata
      try {
        await model.create({
          _id: client_id,
          metadata: JSON.stringify(metadata),
          ...(client_name ? { name: client_name } : {}),
          secrets: secretHash ? [{ hash: secretHash, createdAt: now }] : [],
          createdAt: now,
          updatedAt: now,
        })
        return true
      } catch (error) {
        if ((error as { code?: unknown }).code === DUPLICATE_KEY) return false
        throw error
      }
    },
    async replaceMetadata(metadata) {
      const { client_id, client_name } = metadata
      const { matchedCount } = await model.updateOne(
        { _id: client_id },
        { $set: { metadata: JSON.stringify(metadata), name: client_name, updatedAt: new Date() } },
      )
      cache.forget(client_id)
      return matchedCount === 1
    },
    async delete(id) {
      const { deletedCount } = await model.deleteOne({ _id: id })
      cache.forget(id)
      return deletedCount === 1
    },
  }
}
