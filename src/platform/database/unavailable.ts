import { mongo } from 'mongoose'
import { GatheringFullError } from './gathering/queue.ts'

/** What the driver throws when no server answers, or none that it may ask. */
const KINDS = [
  mongo.MongoNetworkError,
  mongo.MongoServerSelectionError,
  mongo.MongoOperationTimeoutError,
  mongo.MongoNotConnectedError,
  mongo.MongoTopologyClosedError,
]
/** No connection of the pool became free in time; the driver does not export its kind. */
const POOL_EXHAUSTED = 'MongoWaitQueueTimeoutError'
/** What a server answers that is not reached, shuts down, is no primary (yet, any more), or has not heard of the majority. */
const CODES: ReadonlySet<unknown> = new Set([6, 7, 89, 91, 134, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436])

/** Whether something failed only because the database is away or overrun: it passes, and nobody has made a mistake. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof GatheringFullError) return true
  if (!(error instanceof mongo.MongoError)) return false
  return (
    KINDS.some((kind) => error instanceof kind) ||
    error.name === POOL_EXHAUSTED ||
    CODES.has(error.code) ||
    error.hasErrorLabel('RetryableWriteError')
  )
}
