import type { Model } from 'mongoose'
import type { Sealer } from '../../platform/seal.ts'
import type { PrivateJwk } from './make-key.ts'
import { type KeysetDocument, keysetContext } from './model.ts'
import type { KeyRecord } from './schedule.ts'

/** The keys of one algorithm, opened. */
export interface Keyset {
  readonly alg: string
  /** 0 when there are none yet. */
  readonly version: number
  readonly keys: readonly KeyRecord[]
  readonly privateKeys: Readonly<Record<string, PrivateJwk>>
}

/** Keysets, stored with the private halves sealed. */
export interface Keysets {
  find(alg: string): Promise<Keyset>
  list(): Promise<Keyset[]>
  /** Replaces what has this version, if nobody else has meanwhile. Private keys that are no longer named are gone. */
  replace(before: Keyset, keys: readonly KeyRecord[], made?: PrivateJwk): Promise<boolean>
}

const DUPLICATE_KEY = 11000

/** Keysets on this model. */
export function createKeysets(model: Model<KeysetDocument>, sealer: Sealer): Keysets {
  const open = (document: KeysetDocument): Keyset => ({
    alg: document._id,
    version: document.version,
    keys: document.keys,
    privateKeys: JSON.parse(sealer.open(document.sealed, keysetContext(document))),
  })
  const insert = (document: KeysetDocument) =>
    model.create(document).then(
      () => true,
      (error: { code?: unknown }) => {
        if (error.code === DUPLICATE_KEY) return false
        throw error
      },
    )
  return {
    async find(alg) {
      const document = await model.findById(alg).lean<KeysetDocument>()
      return document ? open(document) : { alg, version: 0, keys: [], privateKeys: {} }
    },
    list: async () => (await model.find().sort({ _id: 1 }).lean<KeysetDocument[]>()).map(open),
    async replace({ alg, version, privateKeys }, keys, made) {
      const all = made ? { ...privateKeys, [made.kid]: made } : privateKeys
      const kept = Object.fromEntries(keys.map(({ kid }) => [kid, all[kid]]))
      const sealed = sealer.seal(JSON.stringify(kept), keysetContext({ _id: alg }))
      const document = { _id: alg, version: version + 1, keys: [...keys], sealed }
      if (version === 0) return insert(document)
      const { modifiedCount } = await model.replaceOne({ _id: alg, version }, document)
      return modifiedCount === 1
    },
  }
}
