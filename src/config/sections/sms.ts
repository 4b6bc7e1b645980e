import { z } from 'zod'
import { isPhoneCountry } from '../../platform/sms/phone-number.ts'
import { webUrl } from '../values.ts'

const country = z.string().refine(isPhoneCountry, { error: 'must be a country in two capital letters, like DE' })

const twilio = z.strictObject({
  accountSid: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/, 'must be like AC and 32 digits and letters a to f')
    .optional()
    .describe('Sends text messages by Twilio, from this account.'),
  authToken: z.string().min(1).optional().describe('The password of that account.').meta({ isSecret: true }),
  sender: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('What messages come from: a number (`+4915…`), a name, or a messaging service (`MG…`).'),
  url: webUrl.describe('Where Twilio is, or a server that speaks its API.'),
})

const webhook = z.strictObject({
  url: webUrl.optional().describe('Sends text messages by a server of your own: it gets each as JSON by POST.'),
  secret: z
    .string()
    .regex(/^whsec_[\w+/-]{32,88}={0,2}$/, 'must be whsec_ and 24 bytes or more in base64')
    .optional()
    .describe('What these requests are signed with, as Standard Webhooks say: `whsec_` and a key in base64.')
    .meta({ isSecret: true }),
})

type Sms = { twilio: z.infer<typeof twilio>; webhook: z.infer<typeof webhook> }

/** What keeps these from being one way to send. */
function findProblem({ twilio: account, webhook: hook }: Sms): { path: string[]; message: string } | undefined {
  const { accountSid, authToken, sender } = account
  const parts = { accountSid, authToken, sender, url: hook.url, secret: hook.secret }
  const missing = (names: readonly (keyof typeof parts)[]) => {
    const lacking = names.find((name) => !parts[name])
    return names.some((name) => parts[name]) ? lacking : undefined
  }
  const ofTwilio = missing(['accountSid', 'authToken', 'sender'])
  if (ofTwilio) return { path: ['twilio', ofTwilio], message: 'is missing; sms.twilio is complete with it' }
  const ofWebhook = missing(['url', 'secret'])
  if (ofWebhook) return { path: ['webhook', ofWebhook], message: 'is missing; sms.webhook is complete with it' }
  if (accountSid && hook.url) return { path: ['webhook', 'url'], message: 'is one way too many beside sms.twilio' }
  return undefined
}

/** Text messages: how they leave, to whom, and how many. */
export const sms = z
  .strictObject({
    isOffered: z
      .boolean()
      .optional()
      .describe(
        'Whether people can sign in by codes in text messages. Default: where there is a way to send them, which in development is the inbox of the workbench.',
      ),
    countries: z
      .array(country)
      .describe(
        'Countries (`DE`, `AT`) whose numbers are written to; the first is meant where a number is typed without one. None: any, which production refuses.',
      ),
    messagesPerNumber: z
      .int()
      .min(1)
      .max(1000)
      .describe(
        'Text messages to one number in 24 hours, counted apart for adding it, for first and for second steps.',
      ),
    messagesPerDay: z.int().min(1).max(10_000_000).describe('Text messages to everybody in 24 hours: the budget.'),
    twilio,
    webhook,
  })
  .superRefine((value, context) => {
    const problem = findProblem(value)
    if (problem) context.addIssue({ code: 'custom', ...problem })
  })
