import Router from '@koa/router'
import type { MailBox } from '../platform/mail/index.ts'
import type { SmsBox } from '../platform/sms/index.ts'
import { allowFrames, frameable, type Render } from '../web/index.ts'
import { showInFrame } from './frame.ts'

/** What the inbox needs. */
export interface InboxDependencies {
  readonly mailBox: MailBox
  /** Brings in what is on its way. */
  readonly collect: () => Promise<void>
  readonly smsBox: SmsBox
  readonly render: Render
}

const SHOWN = 100

/** The links of a mail, to follow from here: those in the frame lead nowhere. */
const linksIn = (text: string) => text.match(/^https?:\/\/\S+$/gm) ?? []

/** Everything that was sent, as it looks. */
export function inboxRoutes({ mailBox, smsBox, collect, render }: InboxDependencies): Router {
  const router = new Router({ prefix: '/workbench/inbox' })
  router.get('/', async (ctx) => {
    // Whoever was just told to look into their mailbox finds the mail there.
    await collect()
    const [mails, texts] = await Promise.all([mailBox.list(SHOWN), smsBox.list(SHOWN)])
    showInFrame(render, ctx, 'inbox', { mails, texts })
  })
  router.get('/:id', async (ctx) => {
    const mail = await mailBox.find(ctx.params.id ?? '')
    if (!mail) return
    allowFrames(ctx)
    showInFrame(render, ctx, 'mail', { mail, links: linksIn(mail.text) })
  })
  // Alone in a frame without rights: a mail may hold what a stranger typed.
  router.get('/:id/html', async (ctx) => {
    const mail = await mailBox.find(ctx.params.id ?? '')
    if (!mail) return
    frameable(ctx)
    ctx.type = 'html'
    ctx.body = mail.html
  })
  return router
}
