// Mail: one port, and the box that keeps mail where nobody wants it delivered.
import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'

/** A mail, ready to be sent. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly html: string
  readonly text: string
}

/** Hands a mail over. */
export type SendMail = (mail: Mail) => Promise<void>

/** A mail as the box keeps it. */
export interface KeptMail extends Mail {
  readonly id: string
  readonly sentAt: Date
}

/** Keeps mail instead of sending it, for developing and trying. */
export interface MailBox {
  readonly send: SendMail
  /** The newest first. */
  list(limit: number): Promise<KeptMail[]>
  find(id: string): Promise<KeptMail | undefined>
}

interface MailDocument extends Mail {
  sentAt: Date
}

const KEPT_SECONDS = 7 * 24 * 60 * 60
const schema = new Schema<MailDocument>(
  { to: String, subject: String, html: String, text: String, sentAt: { type: Date, required: true } },
  { collection: 'kept_mail', versionKey: false },
)
schema.index({ sentAt: 1 }, { expireAfterSeconds: KEPT_SECONDS })

/** A box on this connection. Not for production, so not sharded. */
export function createMailBox(connection: Connection): MailBox {
  const model = connection.model<MailDocument>('KeptMail', schema)
  const present = ({ _id, ...mail }: MailDocument & { _id: unknown }): KeptMail => ({ id: String(_id), ...mail })
  type Stored = MailDocument & { _id: unknown }
  return {
    async send(mail) {
      await model.create({ ...mail, sentAt: new Date() })
    },
    list: async (limit) => (await model.find().sort({ sentAt: -1 }).limit(limit).lean<Stored[]>()).map(present),
    async find(id) {
      if (!/^[0-9a-f]{24}$/.test(id)) return undefined
      const mail = await model.findById(id).lean<Stored>()
      return mail ? present(mail) : undefined
    },
  }
}
