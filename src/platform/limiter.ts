import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'
import { RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible'
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

/** Registers the collection, so that its indexes are made and checked with all others. Sharding key: `key`. */
function limiterModel(connection: Connection) {
  return connection.models.RateLimit ?? connection.model('RateLimit', schema)
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
  return {
    async reserve(key) {
      try {
        await limiter.consume(hashSecret(key))
        return { isAllowed: true, retryAfterSeconds: 0 }
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error
        return { isAllowed: false, retryAfterSeconds: Math.max(1, Math.ceil(error.msBeforeNext / 1000)) }
      }
    },
    async giveBack(key) {
      await limiter.reward(hashSecret(key))
    },
    async clear(key) {
      await limiter.delete(hashSecret(key))
    },
  }
}
