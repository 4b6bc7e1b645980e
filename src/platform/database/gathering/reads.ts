import type { mongo } from 'mongoose'
import { isUnavailable } from '../unavailable.ts'
import { createQueue } from './queue.ts'

/** A document whose id is text. */
export interface Stored {
  _id: string
}

/** Looks for documents of which this field has this value. */
export type Read<T extends Stored> = (lookup: { field: string; value: string }) => Promise<T[]>

/** So many documents come without asking twice, as far as their size allows. */
const ONE_ANSWER = { batchSize: 2000 }

type Lookup = Parameters<Read<Stored>>[0]

/** Looking up whatever is asked for meanwhile, by whichever field, is one `find`. */
export function createReads<T extends Stored>(collection: mongo.Collection<T>): Read<T> {
  const toFilter = (lookups: readonly Lookup[]) => {
    const byField = Map.groupBy(lookups, ({ field }) => field)
    const filters = [...byField].map(([field, same]) => ({
      [field]: { $in: [...new Set(same.map(({ value }) => value))] },
    }))
    return (filters.length === 1 ? filters[0] : { $or: filters }) as mongo.Filter<T>
  }

  return createQueue<Lookup, T[]>({
    // Nothing is changed by asking again.
    isRefusal: (error) => !isUnavailable(error),
    async send(lookups) {
      const documents = (await collection.find(toFilter(lookups), ONE_ANSWER).toArray()) as T[]
      const found = new Map<string, Map<unknown, T[]>>()
      for (const field of new Set(lookups.map((lookup) => lookup.field))) {
        found.set(
          field,
          Map.groupBy(documents, (document) => document[field as keyof T]),
        )
      }
      return lookups.map(({ field, value }) => found.get(field)?.get(value) ?? [])
    },
  })
}
