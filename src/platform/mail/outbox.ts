import {
  createOutbox,
  type Outbox,
  type OutboxDependencies,
  type OutboxOutcome,
  type Patience,
} from '../outbox/index.ts'
import type { Mail, SendMail } from './index.ts'
import { MailError } from './mail-error.ts'

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
}

/** What a mail is and whom it is about. */
export interface MailSubject {
  readonly notice: string
  readonly accountId?: string | undefined
}

/** What came of a mail, told once for each that was no decoy. */
export type MailOutcome =
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'sent' | 'abandoned' | 'expired'; readonly tries: number }

/** What mail needs from outside on its way out. */
export interface MailOutboxDependencies extends OutboxDependencies {
  readonly send: SendMail
  /** How many mails are sent at once. */
  readonly concurrency: number
  readonly onOutcome: (outcome: MailOutcome, about: MailSubject) => Promise<void>
}

/** A mail is given up about seven hours after the first try. */
export const MAIL_PATIENCE: Patience = { maxTries: 15, firstMs: 10_000, longestMs: 60 * 60 * 1000 }
const TRY_MS = 60_000

const toOutcome = (outcome: OutboxOutcome): MailOutcome =>
  outcome.kind === 'refused' ? outcome : { kind: outcome.kind, tries: outcome.tries }

/**
 * Mail on its way out. When it is sent twice, by a crash at the wrong moment, both copies have the same Message-ID.
 */
export function createMailOutbox(deps: MailOutboxDependencies): Outbox<OutgoingMail> {
  const { send, concurrency, onOutcome } = deps
  return createOutbox<OutgoingMail>(deps, {
    kind: 'mail',
    concurrency,
    tryMs: TRY_MS,
    patience: MAIL_PATIENCE,
    async send({ mail: { to, ...mail } }, id, signal) {
      if (to !== undefined) await send({ ...mail, to, id }, signal)
    },
    finalCode: (error) => (error instanceof MailError && error.isPermanent ? error.code : undefined),
    describe: ({ about: { notice } }) => ({ notice }),
    async onOutcome(outcome, { mail, about }) {
      if (mail.to !== undefined) await onOutcome(toOutcome(outcome), about)
    },
  })
}
