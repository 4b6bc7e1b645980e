import { createHmac } from 'node:crypto'
import type { HttpClient } from '../http-client/index.ts'
import { newId } from '../ids.ts'
import type { SendSms } from './index.ts'
import { asSmsError, SmsError } from './sms-error.ts'

/** Who takes text messages, and what the requests are signed with. */
export interface WebhookOptions {
  readonly http: HttpClient
  readonly url: string
  /** `whsec_` and the key in base64. */
  readonly secret: string
}

const PREFIX = 'whsec_'

/**
 * Text messages by a server of the operator's own: a POST of JSON (`to`, `text`, `goodForSeconds`), signed as the
 * Standard Webhooks say (`webhook-id`, `webhook-timestamp`, `webhook-signature`). Any 2xx answer means that it was taken.
 */
export function createWebhook({ http, url, secret }: WebhookOptions): SendSms {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  return async ({ to, text, goodForSeconds }) => {
    const id = `msg_${newId()}`
    const timestamp = String(Math.floor(Date.now() / 1000))
    const body = JSON.stringify({ to, text, goodForSeconds })
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
    const headers = {
      'Content-Type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    }
    const { status } = await http.request({ url, method: 'POST', headers, body }).catch((error: unknown) => {
      throw asSmsError(error)
    })
    if (status < 200 || status > 299) throw new SmsError(`status_${status}`)
  }
}
