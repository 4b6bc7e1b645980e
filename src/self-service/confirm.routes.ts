import Router from '@koa/router'
import type { Mailboxes } from '../mailboxes/index.ts'
import { type Browsers, type Csrf, formBody, originOf, type Render, readForm, refuseGone } from '../web/index.ts'

/** What the pages of mailed links need. */
export interface ConfirmDependencies {
  readonly mailboxes: Mailboxes
  readonly browsers: Browsers
  readonly render: Render
  readonly csrf: Csrf
}

/**
 * Where the links lead that prove a mailbox. The GET shows a button and does nothing, for the programs that follow every
 * link in a mail. The POST counts in the browser that asked; in another it shows the code for typing there.
 */
export function confirmRoutes({ mailboxes, browsers, render, csrf }: ConfirmDependencies): Router {
  const router = new Router({ prefix: '/confirm' })

  router.get('/:token', async (ctx) => {
    const token = ctx.params.token ?? ''
    // The origin and no more: the address holds a secret.
    ctx.set('Referrer-Policy', 'strict-origin')
    const purpose = await mailboxes.purposeOf(token)
    if (!purpose) {
      refuseGone(ctx, 'mailbox.gone')
      return render(ctx, 'confirm/gone')
    }
    const what = purpose === 'sign-in' ? 'signIn' : 'mailbox'
    render(ctx, 'confirm/button', { action: `/confirm/${token}`, csrf: csrf.token(token), what })
  })

  router.post('/:token', formBody(), async (ctx) => {
    const token = ctx.params.token ?? ''
    ctx.set('Referrer-Policy', 'strict-origin')
    csrf.verify(ctx, token, readForm(ctx).csrf)
    const followed = await mailboxes.follow(token, browsers.find(ctx), originOf(ctx))
    if (followed.outcome === 'elsewhere') return render(ctx, 'confirm/code', { code: followed.code })
    if (followed.outcome === 'gone') {
      ctx.status = 410
      return render(ctx, 'confirm/gone')
    }
    ctx.redirect(followed.returnPath)
    ctx.status = 303
  })
  return router
}
