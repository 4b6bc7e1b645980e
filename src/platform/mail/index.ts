// Mail: one port, two rooms behind it. SMTP hands mail over, the box keeps it where nobody wants it delivered. The
// outbox stands in front of either: what is put there is sent, also when this process or the mail server stops.

export { createMailBox, type MailBox } from './mail-box.ts'
export { MailError } from './mail-error.ts'
export { createMailOutbox, MAIL_PATIENCE, type MailOutcome } from './outbox.ts'
export { createSmtp } from './smtp.ts'

/** A mail, ready to be sent. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly html: string
  readonly text: string
  /** Names this mail: a second copy of it, after a crash at the wrong moment, can be told as one. */
  readonly id?: string | undefined
}

/**
 * Hands a mail over; resolves once the other side has taken it.
 * @param signal ends the try
 * @throws MailError
 */
export type SendMail = (mail: Mail, signal?: AbortSignal) => Promise<void>

/** A way to send mail. */
export interface MailTransport {
  readonly send: SendMail
  /** Whether mail can be expected to leave, as the last tries tell. Undefined where nothing can come between. */
  readonly isReachable?: () => boolean
  /** Lets go of what is kept open between mails. */
  readonly close: () => void
}
