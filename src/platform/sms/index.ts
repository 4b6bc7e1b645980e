// Text messages: one port, three ways behind it (Twilio, a webhook, a box that keeps them for developing), and a sender in
// front of it that counts. Knows numbers and words, and nothing of why somebody is sent them.

export { maskPhoneNumber, readPhoneNumber } from './phone-number.ts'
export { createSender } from './sender.ts'
export { createSmsBox, type SmsBox } from './sms-box.ts'
export { SmsError } from './sms-error.ts'
export { createTwilio } from './twilio.ts'
export { createWebhook } from './webhook.ts'

/** A text message, ready to be sent. */
export interface Sms {
  /** E.164: a plus sign and digits. */
  readonly to: string
  readonly text: string
  /** It is of no use later than so many seconds from now. */
  readonly goodForSeconds: number
}

/**
 * Hands a text message over; resolves once the other side has taken it.
 * @throws SmsError
 */
export type SendSms = (sms: Sms) => Promise<void>
