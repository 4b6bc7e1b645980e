import { mongo } from 'mongoose'
import { newId } from '../../ids.ts'
import { isUnavailable } from '../unavailable.ts'
import { createQueue, Failure } from './queue.ts'
import type { Stored } from './reads.ts'

/** What a conditional update asks for, and sets. */
export interface Claim {
  readonly id: string
  /** Further conditions on the document; the update happens where they hold. */
  readonly when: object
  readonly set: object
}

/** The ways to write. Inserts, updates and deletes have a queue each. */
export interface Writes<T extends Stored> {
  /** @returns whether it was new */
  insert(document: T): Promise<boolean>
  replace(document: T): Promise<void>
  update(document: T): Promise<void>
  set(id: string, fields: object): Promise<void>
  /** @returns whether this claim was the one that changed the document */
  claim(claim: Claim): Promise<boolean>
  delete(filter: object): Promise<void>
  deleteAll(filter: { field: string; value: string }): Promise<void>
}

type Update<T> =
  | { readonly replacement: T; readonly upsert: boolean }
  | { readonly id: string; readonly fields: object }
  | (Claim & { readonly nonce: string })

/** One of them as MongoDB takes it. */
function toOperation<T extends Stored>(one: Update<T>): object {
  if ('nonce' in one)
    return { updateOne: { filter: { ...one.when, _id: one.id }, update: { $set: { ...one.set, claim: one.nonce } } } }
  if ('fields' in one) return { updateOne: { filter: { _id: one.id }, update: { $set: one.fields } } }
  const { replacement, upsert } = one
  return { replaceOne: { filter: { _id: replacement._id }, replacement, upsert } }
}

const DUPLICATE_KEY = 11000
const isTaken = ({ code, errmsg }: mongo.WriteError) => code === DUPLICATE_KEY && errmsg?.includes('index: _id_')
/** Nested deeper than the server reads: that it sees before it does anything of a command. */
const TOO_DEEP = 15
/**
 * A bulk write of which nothing was done because of what one document is: too large, no BSON, too deep. The driver puts
 * all of it into bytes before it sends any of it. So what is sent again does not meet itself as taken.
 */
const isUndone = (error: unknown) => {
  if (error instanceof mongo.MongoBulkWriteError) return error.code === TOO_DEEP && error.insertedCount === 0
  return error instanceof mongo.MongoInvalidArgumentError || !(error instanceof mongo.MongoError)
}
/** The driver sends a command again after a failover, and the server knows what it did already (retryable writes). */
const OPTIONS = { ordered: false }

/**
 * What came of each operation of a bulk write: nothing for those that went well.
 * @throws the error when it concerns the whole command, in particular when it is not known to be kept
 */
async function runBulk<T extends Stored>(
  collection: mongo.Collection<T>,
  operations: readonly object[],
): Promise<{ changed: number; errors: ReadonlyMap<number, mongo.WriteError> }> {
  try {
    const { matchedCount, upsertedCount } = await collection.bulkWrite(
      operations as mongo.AnyBulkWriteOperation<T>[],
      OPTIONS,
    )
    return { changed: matchedCount + upsertedCount, errors: new Map() }
  } catch (error) {
    if (!(error instanceof mongo.MongoBulkWriteError) || error.result.getWriteConcernError()) throw error
    const errors = new Map([error.writeErrors].flat().map((one) => [one.index, one]))
    if (errors.size === 0) throw error
    return { changed: error.matchedCount + error.upsertedCount, errors }
  }
}

/** Writes to this collection, gathered. */
export function createWrites<T extends Stored>(collection: mongo.Collection<T>): Writes<T> {
  const insert = createQueue<T, boolean>({
    isRefusal: isUndone,
    async send(documents) {
      const { errors } = await runBulk(
        collection,
        documents.map((document) => ({ insertOne: { document } })),
      )
      return documents.map((_, index) => {
        const error = errors.get(index)
        if (error && !isTaken(error)) return new Failure(error)
        return error === undefined
      })
    },
  })

  /** The nonce that a claim leaves behind tells who won where the numbers alone do not. */
  async function winnersOf(claims: readonly { id: string; nonce: string }[]): Promise<ReadonlySet<string>> {
    const filter = { _id: { $in: claims.map(({ id }) => id) } } as unknown as mongo.Filter<T>
    const documents = await collection
      .find<{ claim?: string }>(filter, { projection: { claim: 1 }, batchSize: claims.length + 1 })
      .toArray()
    return new Set(documents.flatMap(({ claim }) => claim ?? []))
  }

  const change = createQueue<Update<T>, boolean>({
    isRefusal: isUndone,
    async send(updates) {
      const { changed, errors } = await runBulk(collection, updates.map(toOperation))
      const claims = updates.filter((one) => 'nonce' in one)
      const winners =
        claims.length === 0 || changed === updates.length
          ? new Set(claims.map(({ nonce }) => nonce))
          : await winnersOf(claims)
      return updates.map((one, index) => {
        const error = errors.get(index)
        if (error) return new Failure(error)
        return 'nonce' in one ? winners.has(one.nonce) : true
      })
    },
  })

  const remove = createQueue<object, void>({
    isRefusal: isUndone,
    async send(filters) {
      const { errors } = await runBulk(
        collection,
        filters.map((filter) => ({ deleteOne: { filter } })),
      )
      return filters.map((_, index) => {
        const error = errors.get(index)
        return error ? new Failure(error) : undefined
      })
    },
  })

  const removeAll = createQueue<{ field: string; value: string }, void>({
    // What was deleted once is not there to be deleted again.
    isRefusal: (error) => !isUnavailable(error),
    async send(filters) {
      const byField = Map.groupBy(filters, ({ field }) => field)
      for (const [field, same] of byField) {
        const values = [...new Set(same.map(({ value }) => value))]
        await collection.deleteMany({ [field]: { $in: values } } as mongo.Filter<T>)
      }
      return filters.map(() => undefined)
    },
  })

  return {
    insert,
    replace: async (replacement) => void (await change({ replacement, upsert: true })),
    update: async (replacement) => void (await change({ replacement, upsert: false })),
    set: async (id, fields) => void (await change({ id, fields })),
    claim: (claim) => change({ ...claim, nonce: newId() }),
    delete: remove,
    deleteAll: removeAll,
  }
}
