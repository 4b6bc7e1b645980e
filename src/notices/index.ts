// Notices: the one place that turns what happened, or what somebody asked for, into a mail in the person's language.
// Decides nothing about either: who is told what, and when, is said by the rooms that know.
import type { Connection } from 'mongoose'
import type { Audit } from '../audit/index.ts'
import type { Logger } from '../platform/logger.ts'
import { createMailOutbox, type MailTransport } from '../platform/mail/index.ts'
import type { Worker } from '../platform/outbox/index.ts'
import type { Sealer } from '../platform/seal.ts'
import type { Messages, Renderer } from '../web/index.ts'
import type { NoticeDetails, NoticeName } from './catalogue.ts'
import { type Composed, createCompose } from './compose.ts'
import { refusals } from './refusals.ts'

export type { NoticeDetails, NoticeName } from './catalogue.ts'

/** Who gets a notice; an account is one. */
export interface Recipient {
  /**
   * Without one it is a decoy: composed, kept and dropped where it would be sent, so that asking for a mail takes the
   * same time whether or not the address has an account.
   */
  readonly email: string | undefined
  /** The account, when it has one. */
  readonly id?: string | undefined
  readonly locale?: string | undefined
}

/** Telling people by mail. */
export interface Notices {
  /** Whether there is a way to send mail at all. Without one nothing that needs mail may be offered. */
  readonly canSend: boolean
  /** Tells the owner what happened to their account. Never throws: it has happened, and must not look like a failure. */
  readonly tell: <N extends NoticeName>(name: N, to: Recipient, detail: NoticeDetails[N]) => Promise<void>
  /** Sends what somebody asked for and waits for, a link or a code. @throws Refusal `mail.unavailable` */
  readonly send: <N extends NoticeName>(name: N, to: Recipient, detail: NoticeDetails[N]) => Promise<void>
  /** Sends the test mail at once, past the outbox. @throws Refusal `mail.unavailable`, MailError */
  readonly test: (to: Recipient) => Promise<void>
  /** What brings mail on its way in this process. */
  readonly delivery: Worker
}

/** What notices need from outside. */
export interface NoticesDependencies {
  readonly connection: Connection
  readonly sealer: Sealer
  readonly audit: Audit
  readonly logger: Logger
  readonly messages: Messages
  readonly renderer: Renderer
  readonly brand: { readonly name: string; readonly accent: string }
  /** Without a way to send mail nobody is told. */
  readonly transport: MailTransport | undefined
  /** How many mails are sent at once. */
  readonly concurrency: number
}

const TEST_MS = 60_000

/** Opens the room. */
export function createNotices(deps: NoticesDependencies): Notices {
  const { audit, logger, transport } = deps
  const compose = createCompose(deps)
  const outbox = createMailOutbox({
    ...deps,
    send: transport?.send ?? (() => Promise.reject(refusals.unavailable())),
    onOutcome: async ({ kind, ...outcome }, { notice, accountId }) => {
      const detail = { notice, ...outcome } as never
      await audit.record(`mail.${kind}`, { actor: { type: 'system' }, accountId }, detail)
    },
  })
  const enqueue = async (name: NoticeName, to: Recipient, composed: Composed) => {
    const { notAfter, ...mail } = composed
    await outbox.enqueue({ mail: { ...mail, to: to.email }, about: { notice: name, accountId: to.id } }, { notAfter })
  }

  return {
    canSend: transport !== undefined,
    delivery: outbox,
    async tell(name, to, detail) {
      if (!transport) return
      try {
        await enqueue(name, to, compose(name, to.locale, detail))
      } catch (err) {
        logger.error({ err, notice: name }, 'a notice could not be kept for sending')
      }
    },
    async send(name, to, detail) {
      if (!transport) throw refusals.unavailable()
      await enqueue(name, to, compose(name, to.locale, detail))
    },
    async test({ email, locale }) {
      if (!transport || !email) throw refusals.unavailable()
      const { notAfter: _, ...mail } = compose('test', locale, {})
      await transport.send({ ...mail, to: email }, AbortSignal.timeout(TEST_MS))
    },
  }
}
