import type { Model } from 'mongoose'
import type { ClientMetadata } from 'oidc-provider'
import type { Changes } from '../../platform/database/index.ts'
import { newSecret } from '../../platform/ids.ts'
import { createMetadataCache } from './metadata-cache.ts'
import type { ClientDocument, ClientSecret } from './model.ts'
import type { Door } from './policies/index.ts'
import { createSecretStore, type SecretStore } from './secret-store.ts'
import { provesItselfBySecret } from './secrets.ts'

/** A registered client as it is read back. */
export interface StoredClient {
  readonly id: string
  readonly metadata: ClientMetadata
  readonly via: Door
  /** Whether somebody here vouches for it. */
  readonly isVerified: boolean
  /** Newest last. */
  readonly secrets: readonly Readonly<ClientSecret>[]
  readonly createdAt: Date
}

/** A client that is about to be kept. */
export interface NewClient {
  readonly metadata: ClientMetadata
  readonly via: Door
  readonly secrets: readonly ClientSecret[]
  readonly managementHash?: string | undefined
}

/** What changes about a client. */
export interface ClientChange {
  readonly metadata: ClientMetadata
  /** Instead of those it has; left out, they stay. */
  readonly secrets?: readonly ClientSecret[]
  /** The management token that must still stand, and the next one: the client changes itself, and is unverified again. */
  readonly management?: { readonly from: string; readonly to: string }
}

/** Registered clients, as the rest of `provider/` reads and writes them. */
export interface ClientStore extends SecretStore {
  /** What the library is given. Remembered until the client changes. */
  findMetadata(id: string): Promise<ClientMetadata | undefined>
  find(id: string): Promise<StoredClient | undefined>
  /** The client that this management token belongs to. */
  findManaged(id: string, managementHash: string): Promise<StoredClient | undefined>
  list(): Promise<StoredClient[]>
  /** @returns false when there is a client of this id already */
  insert(client: NewClient): Promise<boolean>
  /** One conditional update. @returns false when there is no such client, or its management token is another one by now */
  replace(change: ClientChange): Promise<boolean>
  /** Keeps that somebody vouches for it. @returns false when there is no such client */
  verify(id: string): Promise<boolean>
  delete(id: string): Promise<boolean>
}

const DUPLICATE_KEY = 11000

const present = ({ _id, metadata, via, verifiedAt, secrets, createdAt }: ClientDocument): StoredClient => ({
  id: _id,
  metadata: JSON.parse(metadata),
  via,
  isVerified: via !== 'dynamic' || verifiedAt !== undefined,
  secrets,
  createdAt,
})

/**
 * What the library sees of a client. Its secrets are hashes to compare with; the one that the library would sign or
 * encrypt with is known to nobody, so that nothing symmetric can ever be made or verified.
 */
function presentToLibrary({ metadata, isVerified, secrets }: StoredClient, unusableSecret: string): ClientMetadata {
  return {
    ...metadata,
    is_unverified: !isVerified,
    ...(provesItselfBySecret(metadata) ? { client_secret: unusableSecret } : {}),
    // When one was last used changes often and does not matter here: the library keeps a client while it is the same.
    secrets: secrets.map(({ id, hash, expiresAt }) => ({ id, hash, expiresAt: expiresAt?.toISOString() })),
  }
}

/** Registered clients on this model. Changes, of whichever process, drop what is remembered of a client. */
export function createClientStore(model: Model<ClientDocument>, changes: Changes): ClientStore {
  const unusableSecret = newSecret()
  const findOne = async (filter: { _id: string; managementHash?: string }) => {
    const document = await model.findOne(filter).lean<ClientDocument>()
    return document ? present(document) : undefined
  }
  const readMetadata = async (id: string) => {
    const client = await findOne({ _id: id })
    return client && presentToLibrary(client, unusableSecret)
  }
  const cache = createMetadataCache(readMetadata, changes.isLive)
  changes.follow(model.collection.name, (id) => cache.forget(id === undefined ? undefined : String(id)))
  return {
    ...createSecretStore(model, cache.forget),
    findMetadata: cache.find,
    find: (id) => findOne({ _id: id }),
    findManaged: (id, managementHash) => findOne({ _id: id, managementHash }),
    async list() {
      const documents = await model.find().sort({ createdAt: 1, _id: 1 }).lean<ClientDocument[]>()
      return documents.map(present)
    },
    async insert({ metadata, via, secrets, managementHash }) {
      const now = new Date()
      const { client_id, client_name } = metadata
      try {
        await model.create({
          _id: client_id,
          metadata: JSON.stringify(metadata),
          ...(client_name ? { name: client_name } : {}),
          via,
          secrets: [...secrets],
          ...(managementHash ? { managementHash } : {}),
          createdAt: now,
          updatedAt: now,
        })
        return true
      } catch (error) {
        if ((error as { code?: unknown }).code === DUPLICATE_KEY) return false
        throw error
      }
    },
    async replace({ metadata, secrets, management }) {
      const { client_id, client_name } = metadata
      const { matchedCount } = await model.updateOne(
        { _id: client_id, ...(management ? { managementHash: management.from } : {}) },
        {
          $set: {
            metadata: JSON.stringify(metadata),
            updatedAt: new Date(),
            ...(client_name ? { name: client_name } : {}),
            ...(secrets ? { secrets } : {}),
            ...(management ? { managementHash: management.to } : {}),
          },
          $unset: { ...(client_name ? {} : { name: 1 }), ...(management ? { verifiedAt: 1 } : {}) },
        },
      )
      cache.forget(client_id)
      return matchedCount === 1
    },
    async verify(id) {
      const { matchedCount } = await model.updateOne({ _id: id }, { $set: { verifiedAt: new Date() } })
      cache.forget(id)
      return matchedCount === 1
    },
    async delete(id) {
      const { deletedCount } = await model.deleteOne({ _id: id })
      cache.forget(id)
      return deletedCount === 1
    },
  }
}
