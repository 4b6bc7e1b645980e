import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout } from 'node:timers/promises'
import type { Limiter } from '../limiter.ts'
import type { Logger } from '../logger.ts'
import type { SendSms, Sms } from './index.ts'
import { SmsError } from './sms-error.ts'

/** What became of a text message. */
export type SmsOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'limited'; readonly by: 'number' | 'budget' }
  | { readonly kind: 'failed'; readonly code: string }

/** Sends text messages, and no more of them than is fine: each costs money, and rings at somebody. */
export interface SmsSender<About> {
  /** Resolves once it is known what became of it. */
  send(sms: Sms, about: About): Promise<SmsOutcome>
  /** Sends it when the answer to the request is long given: how long it takes tells nobody anything. */
  post(sms: Sms, about: About): void
  /** Resolves when what was posted so far is through. */
  settled(): Promise<void>
}

/** What a sender is made of. */
export interface SenderOptions<About> {
  readonly transport: SendSms
  readonly logger: Logger
  readonly limiters: {
    /** Messages to one number. */
    readonly byNumber: Limiter
    /** Messages to everybody. */
    readonly overall: Limiter
  }
  /** What the messages to one number are counted apart by. */
  readonly purposeOf: (about: About) => string
  /** Told of every outcome. */
  readonly onOutcome: (outcome: SmsOutcome, about: About) => Promise<void>
}

const OVERALL = 'everybody'
/** What is posted begins when the answer is on its way, so that its work does not show in how long that takes. */
const POST_AFTER_MS = 100

/** A sender. A message that failed has been counted all the same: whoever could make it fail could go on for ever. */
export function createSender<About>(options: SenderOptions<About>): SmsSender<About> {
  const { transport, logger, limiters, purposeOf, onOutcome } = options
  const posted = new Set<Promise<void>>()
  // What is posted belongs to no request: its writes are not kept waiting for, and fail no answer.
  const outside = AsyncLocalStorage.snapshot()

  const attempt = async (sms: Sms, about: About): Promise<SmsOutcome> => {
    const ofNumber = await limiters.byNumber.reserve(`${purposeOf(about)}:${sms.to}`)
    if (!ofNumber.isAllowed) return { kind: 'limited', by: 'number' }
    if (!(await limiters.overall.reserve(OVERALL)).isAllowed) return { kind: 'limited', by: 'budget' }
    try {
      await transport(sms)
      return { kind: 'sent' }
    } catch (error) {
      if (!(error instanceof SmsError)) throw error
      logger.warn({ err: error }, 'a text message was not taken')
      return { kind: 'failed', code: error.code }
    }
  }
  const send = async (sms: Sms, about: About) => {
    const outcome = await attempt(sms, about)
    await onOutcome(outcome, about)
    return outcome
  }

  return {
    send,
    post(sms, about) {
      const sending: Promise<void> = outside(() => setTimeout(POST_AFTER_MS).then(() => send(sms, about)))
        .then(
          () => {},
          (err: unknown) => logger.error({ err }, 'a text message could not be sent'),
        )
        .finally(() => posted.delete(sending))
      posted.add(sending)
    },
    async settled() {
      while (posted.size > 0) await Promise.all(posted)
    },
  }
}
