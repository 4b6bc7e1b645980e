import { SealError, type Sealer } from '../seal.ts'
import type { SealedField } from './sealed-field.ts'

/** What came of one batch. */
interface Batch {
  readonly resealed: number
  readonly unreadable: number
}

/** Documents a batch: a fraction of a second's work. */
const BATCH_SIZE = 500

type Stored = Readonly<Record<string, unknown>> & { readonly _id: unknown }

const valueAt = (document: unknown, path: string) =>
  path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document)

/** Sealed with the first key, or undefined when no key opens it. */
function sealAnew(value: string, context: string, sealer: Sealer): string | undefined {
  try {
    return sealer.seal(sealer.open(value, context), context)
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}

/** One pass over one field, a batch at a time in the order of ids. Each write names the value that it replaces. */
export async function* resealField({ model, path, contextOf }: SealedField, sealer: Sealer): AsyncGenerator<Batch> {
  const isOld = { [path]: { $type: 'string', $not: sealer.sealedByFirst } }
  let after: unknown
  for (;;) {
    const filter = after === undefined ? isOld : { ...isOld, _id: { $gt: after } }
    const documents = await model.find(filter).sort({ _id: 1 }).limit(BATCH_SIZE).lean<Stored[]>()
    if (documents.length === 0) return
    after = documents.at(-1)?._id
    const writes = documents.flatMap((document) => {
      const value = String(valueAt(document, path))
      const fresh = sealAnew(value, contextOf(document as never), sealer)
      return fresh
        ? [{ updateOne: { filter: { _id: document._id, [path]: value }, update: { $set: { [path]: fresh } } } }]
        : []
    })
    const { modifiedCount } =
      writes.length > 0 ? await model.bulkWrite(writes, { ordered: false }) : { modifiedCount: 0 }
    yield { resealed: modifiedCount, unreadable: documents.length - writes.length }
  }
}
