import Router from '@koa/router'
import type { Context } from 'koa'
import type { Addresses } from '../addresses/index.ts'
import { Refusal } from '../platform/refusal.ts'
import { type Csrf, formBody, originOf, type Render, readForm, refuseGone } from '../web/index.ts'

/** What the page that brings an address back needs. */
export interface UndoEmailDependencies {
  readonly addresses: Addresses
  readonly render: Render
  readonly csrf: Csrf
}

/** Where the link leads that the old address gets. The GET shows a button and does nothing. */
export function undoEmailRoutes({ addresses, render, csrf }: UndoEmailDependencies): Router {
  const router = new Router({ prefix: '/email-undo' })
  const showGone = (ctx: Context, code: string, status: number) => {
    ctx.status = status
    render(ctx, 'email-undo/gone', { messageKey: `refusals.${code}` })
  }

  router.get('/:token', async (ctx) => {
    const token = ctx.params.token ?? ''
    ctx.set('Referrer-Policy', 'strict-origin')
    const email = await addresses.findUndo(token)
    if (!email) {
      refuseGone(ctx, 'account.undo_gone')
      return showGone(ctx, 'account.undo_gone', 410)
    }
    render(ctx, 'email-undo/button', { email, action: `/email-undo/${token}`, csrf: csrf.token(token) })
  })

  router.post('/:token', formBody(), async (ctx) => {
    const token = ctx.params.token ?? ''
    ctx.set('Referrer-Policy', 'strict-origin')
    csrf.verify(ctx, token, readForm(ctx).csrf)
    try {
      const { email } = await addresses.undo(token, originOf(ctx))
      render(ctx, 'email-undo/done', { email })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      showGone(ctx, error.code, error.status)
    }
  })
  return router
}
