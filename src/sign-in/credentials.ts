import type { Model } from 'mongoose'
import type { Gathered } from '../platform/database/index.ts'
import { newId } from '../platform/ids.ts'
import type { Sealer } from '../platform/seal.ts'
import { type CredentialDocument, sealingContext } from './credentials.model.ts'

/** An enrolled credential. */
export interface Credential<Secret = unknown> {
  readonly id: string
  readonly accountId: string
  readonly method: string
  readonly name?: string | undefined
  readonly handle?: string | undefined
  readonly secret: Secret
  /** The part that is kept sealed, in clear. */
  readonly hidden?: string | undefined
  readonly createdAt: Date
  readonly lastUsedAt?: Date | undefined
}

/** A credential to keep. */
export interface NewCredential {
  readonly name?: string | undefined
  readonly handle?: string | undefined
  readonly secret: unknown
  /** What checking needs in clear (a shared key, say): kept sealed. */
  readonly hidden?: string | undefined
}

/** A credential of a method that allows one an account. */
export type OnlyCredential = Pick<NewCredential, 'secret' | 'hidden'>

type Fields = Readonly<Record<string, unknown>>

/** Credentials, for the methods that own them and for enrolment. */
export interface Credentials {
  /** The single credential of a method that allows one an account. */
  findOnly<Secret>(accountId: string, method: string): Promise<Credential<Secret> | undefined>
  /** Makes or replaces it. */
  setOnly(accountId: string, method: string, credential: OnlyCredential): Promise<void>
  /** The oldest first. */
  list<Secret>(accountId: string, method?: string): Promise<Credential<Secret>[]>
  findByHandle<Secret>(method: string, handle: string): Promise<Credential<Secret> | undefined>
  has(accountId: string, method: string): Promise<boolean>
  /** @returns undefined when another credential of this method has the same handle */
  add(accountId: string, method: string, credential: NewCredential): Promise<Credential | undefined>
  /**
   * Changes fields of the secret if it still is as `where` says, in one conditional update: single use and counters
   * rest on it. Paths are relative to the secret, '' is all of it; it counts as being used.
   * @param hidden what is kept sealed from now on; without it that stays as it is
   * @returns whether it was changed
   */
  change(id: string, where: Fields, set: Fields, hidden?: string): Promise<boolean>
  /** Takes a value out of a list in the secret, once. @returns false when it was not there any more */
  take(id: string, list: string, value: string): Promise<boolean>
  rename(accountId: string, id: string, name: string): Promise<Credential | undefined>
  remove(accountId: string, id: string): Promise<Credential | undefined>
  /** Puts one back that was removed, as it was. */
  restore(credential: Credential): Promise<void>
  removeAll(accountId: string, method: string): Promise<void>
  /** Remembers that it was used now. */
  touch(id: string): Promise<void>
}

const DUPLICATE_KEY = 11000

const handleId = (method: string, handle: string) => `${method}:${handle}`

const underSecret = (fields: Fields) =>
  Object.fromEntries(Object.entries(fields).map(([path, value]) => [path === '' ? 'secret' : `secret.${path}`, value]))

/** Where credentials are kept: a page asks several methods at once what an account has, so reading is gathered. */
interface Dependencies {
  readonly model: Model<CredentialDocument>
  readonly gathered: Pick<Gathered<CredentialDocument>, 'find' | 'findBy'>
  readonly sealer: Sealer
}

const byAge = (a: CredentialDocument, b: CredentialDocument) =>
  a.createdAt.getTime() - b.createdAt.getTime() || (a._id < b._id ? -1 : 1)

/** Credentials on this model. The id of an only credential is made of account and method, so a second cannot exist. */
export function createCredentials({ model, gathered, sealer }: Dependencies): Credentials {
  const present = <Secret>({ updatedAt: _, sealed, ...rest }: CredentialDocument<Secret>): Credential<Secret> => {
    const { _id: id, ...known } = rest
    return sealed === undefined ? { id, ...known } : { id, ...known, hidden: sealer.open(sealed, sealingContext(rest)) }
  }
  /** The field for what is hidden, if anything is. */
  const sealedFor = (_id: string, hidden: string | undefined) =>
    hidden === undefined ? {} : { sealed: sealer.seal(hidden, sealingContext({ _id })) }
  const onlyId = (accountId: string, method: string) => `${accountId}:${method}`
  const one = async <Secret>(id: string) => {
    const document = (await gathered.find(id)) as CredentialDocument<Secret> | undefined
    return document && present(document)
  }
  const documentsOf = async (accountId: string, method?: string) => {
    const found = await gathered.findBy('accountId', accountId)
    return method === undefined ? found : found.filter((document) => document.method === method)
  }
  return {
    findOnly: (accountId, method) => one(onlyId(accountId, method)),
    findByHandle: (method, handle) => one(handleId(method, handle)),
    has: async (accountId, method) => (await documentsOf(accountId, method)).length > 0,
    list: async <Secret>(accountId: string, method?: string) => {
      const found = (await documentsOf(accountId, method)) as CredentialDocument<Secret>[]
      return found.toSorted(byAge).map(present)
    },
    async setOnly(accountId, method, { secret, hidden }) {
      const now = new Date()
      const _id = onlyId(accountId, method)
      await model.updateOne(
        { _id },
        {
          $set: { secret, ...sealedFor(_id, hidden), updatedAt: now },
          $setOnInsert: { accountId, method, createdAt: now },
        },
        { upsert: true },
      )
    },
    async add(accountId, method, { name, handle, secret, hidden }) {
      const now = new Date()
      const _id = handle === undefined ? newId() : handleId(method, handle)
      const document = {
        _id,
        accountId,
        method,
        ...(name === undefined ? {} : { name }),
        ...(handle === undefined ? {} : { handle }),
        secret,
        ...sealedFor(_id, hidden),
        createdAt: now,
        updatedAt: now,
      }
      try {
        await model.create(document)
        return present(document)
      } catch (error) {
        if ((error as { code?: unknown }).code === DUPLICATE_KEY) return undefined
        throw error
      }
    },
    async change(id, where, set, hidden) {
      const now = new Date()
      const { modifiedCount } = await model.updateOne(
        { _id: id, ...underSecret(where) },
        { $set: { ...underSecret(set), ...sealedFor(id, hidden), updatedAt: now, lastUsedAt: now } },
      )
      return modifiedCount === 1
    },
    async take(id, list, value) {
      const now = new Date()
      const { modifiedCount } = await model.updateOne(
        { _id: id, [`secret.${list}`]: value },
        { $pull: { [`secret.${list}`]: value }, $set: { updatedAt: now, lastUsedAt: now } },
      )
      return modifiedCount === 1
    },
    async rename(accountId, id, name) {
      const renamed = await model
        .findOneAndUpdate(
          { _id: id, accountId },
          { $set: { name, updatedAt: new Date() } },
          { returnDocument: 'after' },
        )
        .lean<CredentialDocument>()
      return renamed ? present(renamed) : undefined
    },
    async remove(accountId, id) {
      const document = await model.findOneAndDelete({ _id: id, accountId }).lean<CredentialDocument>()
      return document ? present(document) : undefined
    },
    async restore({ id, hidden, ...known }) {
      await model.create({ _id: id, ...known, ...sealedFor(id, hidden), updatedAt: new Date() })
    },
    async removeAll(accountId, method) {
      await model.deleteMany({ accountId, method })
    },
    async touch(id) {
      await model.updateOne({ _id: id }, { $set: { lastUsedAt: new Date() } })
    },
  }
}
