import type { HttpClient } from '../http-client/index.ts'
import type { SendSms } from './index.ts'
import { asSmsError, SmsError } from './sms-error.ts'

/** An account at Twilio, or at who speaks like it. */
export interface TwilioOptions {
  readonly http: HttpClient
  readonly url: string
  readonly accountSid: string
  readonly authToken: string
  /** A number in E.164, a name, or the id of a messaging service (`MG…`). */
  readonly sender: string
}

/** The number of the error, by which Twilio's documents explain it. */
function errorCodeOf(body: Buffer): number | undefined {
  try {
    const { code } = JSON.parse(body.toString('utf8')) as { code?: unknown }
    return typeof code === 'number' ? code : undefined
  } catch {
    return undefined
  }
}

/** Text messages by Twilio's HTTP API (`POST /2010-04-01/Accounts/{sid}/Messages.json`). */
export function createTwilio({ http, url, accountSid, authToken, sender }: TwilioOptions): SendSms {
  const credentials = Buffer.from(`${accountSid}:${authToken}`).toString('base64')
  const from = /^MG[0-9a-f]{32}$/.test(sender) ? 'MessagingServiceSid' : 'From'
  return async ({ to, text, goodForSeconds }) => {
    // A message that still waits at the carrier when its code has expired is not delivered at all.
    const form = new URLSearchParams({ To: to, Body: text, ValidityPeriod: String(goodForSeconds), [from]: sender })
    const request = {
      url: `${url.replace(/\/$/, '')}/2010-04-01/Accounts/${accountSid}/Messages.json`,
      method: 'POST',
      headers: { Authorization: `Basic ${credentials}`, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    }
    const { status, body } = await http.request(request).catch((error: unknown) => {
      throw asSmsError(error)
    })
    if (status === 201) return
    const code = errorCodeOf(body)
    throw new SmsError(code === undefined ? `status_${status}` : `twilio_${code}`)
  }
}
