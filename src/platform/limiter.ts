import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'
import { RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible'
import { createQueue } from './database/gathering/queue.ts'
import { hashSecret } from './ids.ts'

/** Counts what may happen only so often, over all processes. */
export interface Limiter {
  /** Takes one point at once, so that parallel tries cannot pass the limit. */
  reserve(key: string): Promise<{ isAllowed: boolean; retryAfterSeconds: number }>
  /** Returns the point of one reservation. */
  giveBack(key: string): Promise<void>
  /** Starts afresh for this key. */
  clear(key: string): Promise<void>
}

/** What is counted, and how much of it is fine. */
export interface LimiterOptions {
  readonly connection: Connection
  /** Keeps the keys of different limiters apart. */
  readonly name: string
  readonly points: number
  readonly windowSeconds: number
}

const COLLECTION = 'rate_limits'
const schema = new Schema(
  { key: { type: String, required: true }, points: Number, expire: Date },
  { collection: COLLECTION, versionKey: false },
)
schema.index({ key: 1 }, { unique: true })
schema.index({ expire: 1 }, { expireAfterSeconds: 0 })

/**
 * Registers the collection, so that its indexes are made and checked with all others. Sharding key: `key` (not hashed),
 * which has to stay unique across shards; the library's commands and ours all name it.
 * Majority, along with all the rest: what is forgotten with a lost primary would only be a few tries more.
 */
function limiterModel(connection: Connection) {
  return connection.models.RateLimit ?? connection.model('RateLimit', schema)
}

interface Reserved {
  readonly isAllowed: boolean
  readonly retryAfterSeconds: number
}

/**
 * Takes points. Tries of one key that come in while a command for it is under way are counted by the next one, all at
 * once and in the order in which they came: as many get through as one by one.
 */
function createTaking(limiter: RateLimiterMongo, points: number): (key: string) => Promise<Reserved> {
  const lines = new Map<string, { readonly take: (_: undefined) => Promise<Reserved>; waiting: number }>()

  const takeAll = async (key: string, count: number): Promise<Reserved[]> => {
    const { consumedPoints, msBeforeNext } = await limiter.consume(key, count).catch((error: unknown) => {
      if (error instanceof RateLimiterRes) return error
      throw error
    })
    const retryAfterSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
    return Array.from({ length: count }, (_, index) => {
      const isAllowed = consumedPoints - count + index < points
      return { isAllowed, retryAfterSeconds: isAllowed ? 0 : retryAfterSeconds }
    })
  }

  return async (key) => {
    const line = lines.get(key) ?? { take: createQueue({ send: (tries) => takeAll(key, tries.length) }), waiting: 0 }
    lines.set(key, line)
    line.waiting += 1
    try {
      return await line.take(undefined)
    } finally {
      line.waiting -= 1
      if (line.waiting === 0) lines.delete(key)
    }
  }
}

interface Return {
  readonly filter: object
  readonly update: object
}

/** Gives points back, for all limiters of a connection: whatever is given back at the same time is one command. */
function createReturning(connection: Connection): (item: Return) => Promise<void> {
  return createQueue<Return, void>({
    async send(returns) {
      const operations = returns.map((updateOne) => ({ updateOne }))
      await limiterModel(connection).collection.bulkWrite(operations, { ordered: false })
      return returns.map(() => undefined)
    },
  })
}

const returning = new WeakMap<Connection, ReturnType<typeof createReturning>>()
function returningOn(connection: Connection) {
  const giveBack = returning.get(connection) ?? createReturning(connection)
  returning.set(connection, giveBack)
  return giveBack
}

/** A limiter on this connection. Keys are hashed, so the collection tells nobody who tried to sign in. */
export function createLimiter({ connection, name, points, windowSeconds }: LimiterOptions): Limiter {
  limiterModel(connection)
  const limiter = new RateLimiterMongo({
    storeClient: connection.getClient(),
    dbName: connection.name,
    tableName: COLLECTION,
    keyPrefix: name,
    points,
    duration: windowSeconds,
    disableIndexesCreation: true,
  })
  const take = createTaking(limiter, points)
  const giveBack = returningOn(connection)
  const keyOf = (key: string) => limiter.getKey(hashSecret(key))
  return {
    reserve: (key) => take(hashSecret(key)),
    giveBack: (key) =>
      giveBack({
        filter: { key: keyOf(key), expire: { $gt: new Date() }, points: { $gt: 0 } },
        update: { $inc: { points: -1 } },
      }),
    // A window that begins now, in place of one that begins with the next try: deleting would be a second command.
    clear: (key) =>
      giveBack({
        filter: { key: keyOf(key) },
        update: { $set: { points: 0, expire: new Date(Date.now() + windowSeconds * 1000) } },
      }),
  }
}
