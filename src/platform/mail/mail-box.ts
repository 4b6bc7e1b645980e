import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'
import { sealed } from '../reseal/index.ts'
import type { Sealer } from '../seal.ts'
import type { Mail, MailTransport } from './index.ts'

/** A mail as the box keeps it. */
export interface KeptMail extends Mail {
  readonly id: string
  readonly sentAt: Date
}

/** Keeps mail instead of sending it, for developing and trying. */
export interface MailBox extends MailTransport {
  /** The newest first. */
  list(limit: number): Promise<KeptMail[]>
  find(id: string): Promise<KeptMail | undefined>
}

interface MailDocument {
  /** The mail itself: links and codes in it are secrets, here as anywhere. */
  sealed: string
  sentAt: Date
}

const KEPT_SECONDS = 7 * 24 * 60 * 60
const CONTEXT = 'kept-mail'
const schema = new Schema<MailDocument>(
  {
    sealed: { type: String, required: true, ...sealed(() => CONTEXT) },
    sentAt: { type: Date, required: true },
  },
  { collection: 'kept_mail', versionKey: false },
)
schema.index({ sentAt: 1 }, { expireAfterSeconds: KEPT_SECONDS })

/**
 * A box on this connection. Not for production, so not sharded.
 * Majority, along with all the rest: a mail that is lost with a primary would only be asked for again.
 */
export function createMailBox(connection: Connection, sealer: Sealer): MailBox {
  const model = connection.model<MailDocument>('KeptMail', schema)
  type Stored = MailDocument & { _id: unknown }
  const present = (stored: Stored): KeptMail => ({
    ...(JSON.parse(sealer.open(stored.sealed, CONTEXT)) as Mail),
    id: String(stored._id),
    sentAt: stored.sentAt,
  })
  return {
    async send(mail) {
      await model.create({ sealed: sealer.seal(JSON.stringify(mail), CONTEXT), sentAt: new Date() })
    },
    close: () => {},
    list: async (limit) =>
      (await model.find().sort({ sentAt: -1, _id: -1 }).limit(limit).lean<Stored[]>()).map(present),
    async find(id) {
      if (!/^[0-9a-f]{24}$/.test(id)) return undefined
      const mail = await model.findById(id).lean<Stored>()
      return mail ? present(mail) : undefined
    },
  }
}
