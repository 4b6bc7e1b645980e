import type { Connection } from 'mongoose'
import { newId } from '../ids.ts'
import type { Logger } from '../logger.ts'
import type { Sealer } from '../seal.ts'
import { backOffMs, MAX_TRIES } from './back-off.ts'
import type { Mail, SendMail } from './index.ts'
import { MailError } from './mail-error.ts'
import { mailContext, type OutboxDocument, outboxModel } from './outbox.model.ts'
import { createWorker, type Worker } from './worker.ts'

/** A mail to be sent. */
export interface OutgoingMail {
  /**
   * The mail. Without a recipient it is a decoy: kept, sealed and claimed as any other, and dropped where it would be
   * sent. Whoever must not tell whether an address has an account puts a mail here in both cases, so that the request
   * takes the same time and leaves the same behind.
   */
  readonly mail: Omit<Mail, 'to' | 'id'> & { readonly to: string | undefined }
  /** What it is and whom it is about, for the trail. */
  readonly about: MailSubject
  /** From when on sending it makes no sense: a code in it is good no longer, say. */
  readonly notAfter?: Date | undefined
}

/** What a mail is and whom it is about. */
export interface MailSubject {
  readonly notice: string
  readonly accountId?: string | undefined
}

/** What came of a mail, told once for each that was no decoy. */
export type OutboxOutcome =
  | { readonly kind: 'sent'; readonly tries: number }
  /** The other side refuses it for good. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Every try failed. */
  | { readonly kind: 'abandoned'; readonly tries: number }
  /** It could not be sent while it was good for something. */
  | { readonly kind: 'expired'; readonly tries: number }

/** Mail on its way out. */
export interface Outbox extends Worker {
  /** Keeps a mail to be sent: one insert, whoever it is for. */
  readonly enqueue: (outgoing: OutgoingMail) => Promise<void>
}

/** What the outbox needs from outside. */
export interface OutboxDependencies {
  readonly connection: Connection
  readonly sealer: Sealer
  readonly send: SendMail
  /** How many mails are sent at once. */
  readonly concurrency: number
  readonly logger: Logger
  readonly onOutcome: (outcome: OutboxOutcome, about: MailSubject) => Promise<void>
}

/** One try takes no longer. */
const TRY_MS = 60_000
/** Longer than a try with room for clocks that differ, so that nobody else sends what is still being sent. */
const LEASE_MS = 3 * TRY_MS

interface Content extends Pick<OutgoingMail, 'mail' | 'about'> {}

/**
 * Mail on its way out, on this connection. Any number of processes may work on it: a mail is claimed by one conditional
 * update, and whoever crashes with it loses the claim when the lease runs out. A mail is sent at least once, and twice
 * only by a crash between the server's yes and our note of it; both copies then have the same Message-ID.
 */
export function createOutbox(deps: OutboxDependencies): Outbox {
  const { connection, sealer, send, concurrency, logger, onOutcome } = deps
  const model = outboxModel(connection)

  const claim = () => {
    const now = Date.now()
    const lease = { $set: { holder: newId(), dueAt: new Date(now + LEASE_MS) }, $inc: { tries: 1 } }
    return model
      .findOneAndUpdate({ dueAt: { $lte: new Date(now) } }, lease, { sort: { dueAt: 1 }, returnDocument: 'after' })
      .lean<OutboxDocument>()
  }

  const end = async ({ _id, holder }: OutboxDocument, about?: MailSubject, outcome?: OutboxOutcome) => {
    const { deletedCount } = await model.deleteOne({ _id, holder })
    if (deletedCount === 1 && about && outcome) await onOutcome(outcome, about)
  }

  const defer = async ({ _id, holder, tries, notAfter }: OutboxDocument, error: unknown) => {
    logger.warn({ err: error, tries }, 'a mail was not taken, it will be tried again')
    const next = Date.now() + backOffMs(tries, Math.random())
    // Not later than it expires, so that this is noticed then.
    const dueAt = new Date(notAfter ? Math.min(next, notAfter.getTime()) : next)
    await model.updateOne({ _id, holder }, { $set: { dueAt }, $unset: { holder: 1 } })
  }

  const open = (document: OutboxDocument): Content | undefined => {
    try {
      return JSON.parse(sealer.open(document.sealed, mailContext(document))) as Content
    } catch (error) {
      logger.error({ err: error }, 'a mail in the outbox cannot be opened: is its sealing key gone?')
      return undefined
    }
  }

  const deliver = async (document: OutboxDocument, cut: AbortSignal) => {
    const { _id: id, tries, notAfter } = document
    const content = open(document)
    if (!content) return end(document)
    const { about, mail } = content
    if (mail.to === undefined) return end(document)
    if (notAfter && notAfter <= new Date()) return end(document, about, { kind: 'expired', tries: tries - 1 })
    // Claimed that often without an end: it may be this very mail that brings processes down.
    if (tries > MAX_TRIES) return end(document, about, { kind: 'abandoned', tries: MAX_TRIES })
    try {
      await send({ ...mail, to: mail.to, id }, AbortSignal.any([AbortSignal.timeout(TRY_MS), cut]))
    } catch (error) {
      if (error instanceof MailError && error.isPermanent)
        return end(document, about, { kind: 'refused', code: error.code })
      return tries < MAX_TRIES ? defer(document, error) : end(document, about, { kind: 'abandoned', tries })
    }
    await end(document, about, { kind: 'sent', tries })
  }

  const worker = createWorker({
    concurrency,
    onFault: (error) => logger.error({ err: error }, 'the outbox cannot be worked on'),
    async next(cut) {
      const document = await claim()
      if (document) await deliver(document, cut)
      return document !== null
    },
  })

  return {
    ...worker,
    async enqueue({ mail, about, notAfter }) {
      const _id = newId()
      const now = new Date()
      const content: Content = { mail, about }
      const sealed = sealer.seal(JSON.stringify(content), mailContext({ _id }))
      await model.create({ _id, sealed, dueAt: now, tries: 0, createdAt: now, ...(notAfter ? { notAfter } : {}) })
      worker.wake()
    },
  }
}
