import type { Connection } from 'mongoose'
import type { Audit } from './audit/index.ts'
import type { Config } from './config/index.ts'
import type { HttpClient } from './platform/http-client/index.ts'
import { createLimiter } from './platform/limiter.ts'
import type { Logger } from './platform/logger.ts'
import { createSender, createTwilio, createWebhook, type SendSms, type SmsBox } from './platform/sms/index.ts'
import type { TextAbout } from './sign-in/index.ts'
import type { Messages } from './web/index.ts'

/** What text messages are put together from. */
interface Parts {
  readonly config: Config
  readonly connection: Connection
  readonly http: HttpClient
  readonly logger: Logger
  readonly messages: Messages
  readonly audit: Audit
  readonly workbench: { readonly smsBox: SmsBox } | undefined
}

const A_DAY = 24 * 60 * 60

/** How they leave: by Twilio, by a webhook, or into the workbench's inbox. */
function findTransport({ config, http, workbench }: Parts): SendSms | undefined {
  const { twilio, webhook } = config.sms
  const { accountSid, authToken, sender } = twilio
  if (accountSid && authToken && sender) return createTwilio({ http, url: twilio.url, accountSid, authToken, sender })
  if (webhook.url && webhook.secret) return createWebhook({ http, url: webhook.url, secret: webhook.secret })
  return workbench?.smsBox.send
}

/** Codes by text message, where they are offered. */
export function openTexting(parts: Parts) {
  const { config, connection, messages, audit, logger } = parts
  const { isOffered = true, countries, messagesPerNumber, messagesPerDay } = config.sms
  const transport = findTransport(parts)
  if (!transport || !isOffered) return undefined
  const limiter = (name: string, points: number) => createLimiter({ connection, name, points, windowSeconds: A_DAY })
  const sender = createSender<TextAbout>({
    transport,
    logger,
    limiters: {
      byNumber: limiter('sms-number', messagesPerNumber),
      overall: limiter('sms-budget', messagesPerDay),
    },
    purposeOf: ({ purpose }) => purpose,
    onOutcome: ({ kind, ...detail }, { accountId, purpose }) =>
      audit.record(`sms.${kind}`, { actor: { type: 'system' }, accountId }, { purpose, ...detail } as never),
  })
  const compose = (code: string, locale: string | undefined) =>
    messages.translator(messages.negotiate({ chosen: locale }))('sms.code', { code, product: config.brand.name })
  return { sender, countries, compose, host: new URL(config.server.issuer).hostname }
}
