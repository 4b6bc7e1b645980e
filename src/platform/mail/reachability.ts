import type { SendMail } from './index.ts'
import { MailError } from './mail-error.ts'

/** What the mails of late say of the way out: nobody connects only to ask. */
export interface Reachability {
  /** The same, and what comes of it is remembered. */
  readonly watch: (send: SendMail) => SendMail
  /** Whether mail can be expected to leave. True until it is known better. */
  readonly isReachable: () => boolean
}

/** One slow answer says nothing: so many tries in a row have to come to nothing. */
const TRIES = 3
/** What was seen longer ago says nothing either. The outbox never waits longer than an hour with what it still holds. */
const KNOWN_MS = 70 * 60_000

/** Replies about us and not about a mail (RFC 4954: sign in first, wrong password): nothing leaves either. */
const ABOUT_US = new Set(['530', '534', '535', '538'])

/** Whether the other side answered about the mail, whatever it said. */
const hasAnswered = (error: unknown) =>
  error instanceof MailError && /^\d{3}$/.test(error.code) && !ABOUT_US.has(error.code)

/** Remembers for one server how the last tries went. */
export function createReachability(): Reachability {
  let failures = 0
  let lastAt = 0
  return {
    watch: (send) => async (mail, signal) => {
      try {
        await send(mail, signal)
        failures = 0
      } catch (error) {
        failures = hasAnswered(error) ? 0 : failures + 1
        throw error
      } finally {
        lastAt = Date.now()
      }
    },
    isReachable: () => failures < TRIES || Date.now() - lastAt > KNOWN_MS,
  }
}
