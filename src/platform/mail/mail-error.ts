/** A mail was not taken. The message names no address and no words of the other side: those are for `reply`. */
export class MailError extends Error {
  override readonly name = 'MailError'
  /** The reply code of the other side (550, say), or what kept us from it (ETIMEDOUT). */
  readonly code: string
  /** Whether the other side refuses this mail for good: sending it again would only get the same answer. */
  readonly isPermanent: boolean
  /** What the other side said, for whoever looks into it. It may name the recipient: not for logs. */
  readonly reply: string | undefined

  constructor({ code, step, isPermanent, reply }: MailErrorOptions) {
    super(`the mail was not taken (${code}${step ? ` at ${step}` : ''})`)
    this.code = code
    this.isPermanent = isPermanent
    this.reply = reply
  }
}

/** What is known of a mail that was not taken. */
export interface MailErrorOptions {
  readonly code: string
  /** The SMTP command that was answered like this. */
  readonly step?: string | undefined
  readonly isPermanent: boolean
  readonly reply?: string | undefined
}
