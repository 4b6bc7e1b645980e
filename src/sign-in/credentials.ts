import type { Model } from 'mongoose'
import type { Gathered, Units } from '../platform/database/index.ts'
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
  /** Remembers that it was used now. Within a unit of work this is kept before that ends. */
  touch(id: string): Promise<void>
}

const DUPLICATE_KEY = 11000

const handleId = (method: string, handle: string) => `${method}:${handle}`

const underSecret = (fields: Fields) =>
  Object.fromEntries(Object.entries(fields).map(([path, value]) => [path === '' ? 'secret' : `secret.${path}`, value]))

/** Where credentials are kept: a page asks several methods at once what an account has, so reading is gathered. */
interface Dependencies {
  readonly model: Model<CredentialDocument>
  readonly gathered: Pick<Gathered<CredentialDocument>, 'find' | 'findBy' | 'set'>
  readonly units: Units
  readonly sealer: Sealer
}

/**
 * Reads what an account has. Within a unit of work that is read once: the method that checks a proof asks for it, and
 * then the plan of what comes next. Whatever is changed there is read anew.
 */
function createReading({ gathered, units }: Pick<Dependencies, 'gathered' | 'units'>) {
  const read = units.known<Map<string, Promise<CredentialDocument[]>>>()
  return {
    async of(accountId: string): Promise<CredentialDocument[]> {
      const known = read.get() ?? new Map()
      read.set(known)
      const reading = known.get(accountId) ?? gathered.findBy('accountId', accountId)
      known.set(accountId, reading)
      return reading
    },
    /** @returns what the change came to */
    async changing<T>(change: PromiseLike<T>): Promise<T> {
      try {
        return await change
      } finally {
        read.set(undefined)
      }
    },
  }
}

const byAge = (a: CredentialDocument, b: CredentialDocument) =>
  a.createdAt.getTime() - b.createdAt.getTime() || (a._id < b._id ? -1 : 1)

/** Credentials on this model. The id of an only credential is made of account and method, so a second cannot exist. */
export function createCredentials({ model, gathered, units, sealer }: Dependencies): Credentials {
  const present = <Secret>({ updatedAt: _, sealed, ...rest }: CredentialDocument<Secret>): Credential<Secret> => {
    const { _id: id, ...known } = rest
    return sealed === undefined ? { id, ...known } : { id, ...known, hidden: sealer.open(sealed, sealingContext(rest)) }
  }
  /** The field for what is hidden, if anything is. */
  const sealedFor = (_id: string, hidden: string | undefined) =>
    hidden === undefined ? {} : { sealed: sealer.seal(hidden, sealingContext({ _id })) }
  const onlyId = (accountId: string, method: string) => `${accountId}:${method}`
  const reading = createReading({ gathered, units })
  const documentsOf = async (accountId: string, method?: string) => {
    const found = await reading.of(accountId)
    return method === undefined ? found : found.filter((document) => document.method === method)
  }
  return {
    findOnly: async <Secret>(accountId: string, method: string) => {
      const found = (await documentsOf(accountId, method)) as CredentialDocument<Secret>[]
      const only = found.find(({ _id }) => _id === onlyId(accountId, method))
      return only && present(only)
    },
    findByHandle: async <Secret>(method: string, handle: string) => {
      const document = (await gathered.find(handleId(method, handle))) as CredentialDocument<Secret> | undefined
      return document && present(document)
    },
    has: async (accountId, method) => (await documentsOf(accountId, method)).length > 0,
    list: async <Secret>(accountId: string, method?: string) => {
      const found = (await documentsOf(accountId, method)) as CredentialDocument<Secret>[]
      return found.toSorted(byAge).map(present)
    },
    async setOnly(accountId, method, { secret, hidden }) {
      const now = new Date()
      const _id = onlyId(accountId, method)
      const update = {
        $set: { secret, ...sealedFor(_id, hidden), updatedAt: now },
        $setOnInsert: { accountId, method, createdAt: now },
      }
      await reading.changing(model.updateOne({ _id }, update, { upsert: true }))
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
        await reading.changing(model.create(document))
        return present(document)
      } catch (error) {
        if ((error as { code?: unknown }).code === DUPLICATE_KEY) return undefined
        throw error
      }
    },
    async change(id, where, set, hidden) {
      const now = new Date()
      const update = { $set: { ...underSecret(set), ...sealedFor(id, hidden), updatedAt: now, lastUsedAt: now } }
      const { modifiedCount } = await reading.changing(model.updateOne({ _id: id, ...underSecret(where) }, update))
      return modifiedCount === 1
    },
    async take(id, list, value) {
      const now = new Date()
      const at = `secret.${list}`
      const update = { $pull: { [at]: value }, $set: { updatedAt: now, lastUsedAt: now } }
      const { modifiedCount } = await reading.changing(model.updateOne({ _id: id, [at]: value }, update))
      return modifiedCount === 1
    },
    async rename(accountId, id, name) {
      const update = { $set: { name, updatedAt: new Date() } }
      const renamed = await reading.changing(
        model.findOneAndUpdate({ _id: id, accountId }, update, { returnDocument: 'after' }).lean<CredentialDocument>(),
      )
      return renamed ? present(renamed) : undefined
    },
    async remove(accountId, id) {
      const document = await reading.changing(model.findOneAndDelete({ _id: id, accountId }).lean<CredentialDocument>())
      return document ? present(document) : undefined
    },
    async restore({ id, hidden, ...known }) {
      await reading.changing(model.create({ _id: id, ...known, ...sealedFor(id, hidden), updatedAt: new Date() }))
    },
    async removeAll(accountId, method) {
      await reading.changing(model.deleteMany({ accountId, method }))
    },
    touch: (id) => units.leave(gathered.set(id, { lastUsedAt: new Date() })),
  }
}
