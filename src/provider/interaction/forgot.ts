import type Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../../platform/refusal.ts'
import { formBody, readForm } from '../../web/index.ts'
import { type InteractionDependencies, openSeam, presentClient, type Seam, seeOther, showEnded } from './seam.ts'

function showAsk(ctx: Context, seam: Seam, identifier: string, deps: InteractionDependencies, refusal?: Refusal): void {
  if (refusal) ctx.status = refusal.status
  if (refusal?.retryAfterSeconds) ctx.set('Retry-After', String(refusal.retryAfterSeconds))
  deps.render(ctx, 'recovery/ask', {
    client: presentClient(seam.client),
    csrf: deps.csrf.token(seam.uid),
    action: `/interaction/${seam.uid}/forgot`,
    backHref: `/interaction/${seam.uid}`,
    isFixed: true,
    identifier,
    problem: refusal && { titleKey: `refusals.${refusal.code}`, params: refusal.params, fields: [] },
  })
}

/** Where somebody who forgot their password says so, on the way to an application: for whom is known already. */
export function mountForgotten(router: Router, deps: InteractionDependencies): void {
  const { recovery, signIn } = deps

  const reach = async (ctx: Context) => {
    if (!recovery.isOffered) return ctx.throw(404)
    const seam = await openSeam(ctx, deps)
    if (!seam) return void (await showEnded(ctx, deps))
    const attempt = await signIn.find(seam.uid)
    if (!attempt?.identifier) return seeOther(ctx, `/interaction/${seam.uid}`)
    return { seam, attempt, identifier: attempt.identifier }
  }

  router.get('/forgot', async (ctx) => {
    const reached = await reach(ctx)
    if (reached) showAsk(ctx, reached.seam, reached.identifier, deps)
  })
  router.post('/forgot', formBody(), async (ctx) => {
    const reached = await reach(ctx)
    if (!reached) return
    const { seam, attempt, identifier } = reached
    const { uid, origin, clientId } = seam
    deps.csrf.verify(ctx, uid, readForm(ctx).csrf)
    const from = { browser: deps.browsers.mark(ctx), returnPath: `/interaction/${uid}`, locale: deps.localeOf(ctx) }
    try {
      await recovery.request({ ...from, typed: identifier, origin, clientId })
      // Whoever comes back starts with a clean page.
      await signIn.identify(attempt, identifier)
      seeOther(ctx, '/password/sent')
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.code !== 'recovery.limited') throw refusal
      showAsk(ctx, seam, identifier, deps, refusal)
    }
  })
}
