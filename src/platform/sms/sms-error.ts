import { OutboundError } from '../http-client/index.ts'

/** A text message was not taken. Names neither the number nor the words, so it may be logged and recorded. */
export class SmsError extends Error {
  override readonly name = 'SmsError'
  /** What the other side said (`status_503`, `twilio_21211`), or what kept us from it (`timed_out`). */
  readonly code: string
  constructor(code: string, cause?: unknown) {
    super(`the text message was not taken (${code})`, { cause })
    this.code = code
  }
}

/** What kept a request from being answered, as the failure of a text message; everything else is a fault. */
export function asSmsError(error: unknown): unknown {
  return error instanceof OutboundError ? new SmsError(error.reason, error) : error
}
