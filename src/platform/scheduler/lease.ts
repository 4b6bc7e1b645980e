import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'

/** Lets one process at a time be in charge of something. */
export interface Leases {
  /** Takes it, or keeps it for longer, for this many seconds. @returns false when another holds it */
  acquire(name: string, holder: string, seconds: number): Promise<boolean>
  /** Leaves it to whoever comes first. */
  release(holder: string): Promise<void>
}

interface LeaseDocument {
  _id: string
  holder: string
  expiresAt: Date
}

const DUPLICATE_KEY = 11000
const schema = new Schema<LeaseDocument>(
  {
    _id: { type: String, required: true },
    holder: { type: String, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'leases', versionKey: false, strict: 'throw' },
)

/**
 * Leases on this connection. One conditional update decides who holds one; a holder that is gone loses it by time.
 * Clocks may differ and holders may stall, so work under a lease must do no harm when it is done twice.
 * A handful of documents: not sharded.
 * Majority, along with all the rest: with a lease that is lost with a primary, work would only be done twice.
 */
export function createLeases(connection: Connection): Leases {
  const model = connection.model<LeaseDocument>('Lease', schema)
  return {
    async acquire(name, holder, seconds) {
      const now = new Date()
      const isFree = { $or: [{ holder }, { expiresAt: { $lte: now } }] }
      const expiresAt = new Date(now.getTime() + seconds * 1000)
      try {
        await model.updateOne({ _id: name, ...isFree }, { $set: { holder, expiresAt } }, { upsert: true })
        return true
      } catch (error) {
        if ((error as { code?: unknown }).code === DUPLICATE_KEY) return false
        throw error
      }
    },
    async release(holder) {
      await model.deleteMany({ holder })
    },
  }
}
