import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'
import { sealed } from '../reseal/index.ts'
import type { Sealer } from '../seal.ts'
import type { SendSms, Sms } from './index.ts'

/** A text message as the box keeps it. */
export interface KeptSms extends Sms {
  readonly sentAt: Date
}

/** Keeps text messages instead of sending them, for developing and trying. */
export interface SmsBox {
  readonly send: SendSms
  /** The newest first. */
  list(limit: number): Promise<KeptSms[]>
}

interface SmsDocument {
  /** The message itself: the code in it is a secret, here as anywhere. */
  sealed: string
  sentAt: Date
}

const KEPT_SECONDS = 7 * 24 * 60 * 60
const CONTEXT = 'kept-sms'
const schema = new Schema<SmsDocument>(
  {
    sealed: { type: String, required: true, ...sealed(() => CONTEXT) },
    sentAt: { type: Date, required: true },
  },
  { collection: 'kept_sms', versionKey: false },
)
schema.index({ sentAt: 1 }, { expireAfterSeconds: KEPT_SECONDS })

/**
 * A box on this connection. Not for production, so not sharded.
 * Majority, along with all the rest: a message that is lost with a primary would only be asked for again.
 */
export function createSmsBox(connection: Connection, sealer: Sealer): SmsBox {
  const model = connection.model<SmsDocument>('KeptSms', schema)
  return {
    async send(sms) {
      await model.create({ sealed: sealer.seal(JSON.stringify(sms), CONTEXT), sentAt: new Date() })
    },
    async list(limit) {
      const kept = await model.find().sort({ sentAt: -1, _id: -1 }).limit(limit).lean<SmsDocument[]>()
      return kept.map((document) => ({
        ...(JSON.parse(sealer.open(document.sealed, CONTEXT)) as Sms),
        sentAt: document.sentAt,
      }))
    },
  }
}
