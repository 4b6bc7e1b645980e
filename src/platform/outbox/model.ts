import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import { sealed } from '../reseal/index.ts'

/** Something that waits to be sent. It is gone once it was. */
export interface OutboxDocument {
  _id: string
  /** What it is, and so who sends it. */
  kind: string
  /** What is sent and to whom: links, codes and people are nobody's business. Gone once it is known what came of it. */
  sealed?: string
  /** When the next try is due. While somebody sends it, when their lease runs out and others may try. */
  dueAt: Date
  /** Who holds the lease: one claim, not one process. */
  holder?: string
  /** Claims so far. */
  tries: number
  /** From when on sending it makes no sense. */
  notAfter?: Date
  /** Whether it is kept once, however often that is asked for: its id then outlives it for a moment. */
  isOnce?: boolean
  createdAt: Date
}

/** Whatever happens: what is sealed does not lie around longer. */
const KEPT_SECONDS = 7 * 24 * 60 * 60

/** What an item is sealed with. */
export const itemContext = ({ _id }: Pick<OutboxDocument, '_id'>) => `outbox:${_id}`

const schema = new Schema<OutboxDocument>(
  {
    _id: { type: String, required: true },
    kind: { type: String, required: true },
    sealed: { type: String, ...sealed(itemContext) },
    dueAt: { type: Date, required: true },
    holder: String,
    tries: { type: Number, required: true },
    notAfter: Date,
    isOnce: Boolean,
    createdAt: { type: Date, required: true },
  },
  { collection: 'outbox', versionKey: false, strict: 'throw' },
)
schema.index({ kind: 1, dueAt: 1 })
schema.index({ createdAt: 1 }, { expireAfterSeconds: KEPT_SECONDS })

/**
 * The outbox on this connection, for everything that is sent. Not sharded: whatever is due first is claimed, by its kind
 * and not by its id, and little waits at a time.
 * Majority: what is forgotten with a lost primary would never be sent, though somebody was told that it will be.
 */
export function outboxModel(connection: Connection): Model<OutboxDocument> {
  return connection.model<OutboxDocument>('Outbox', schema)
}
