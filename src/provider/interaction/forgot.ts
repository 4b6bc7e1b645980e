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

  const reach = async (ctx: Context): Promise<Seam | undefined> => {
    if (!recovery.isOffered) return ctx.throw(404)
    const seam = await openSeam(ctx, deps)
    if (!seam) await showEnded(ctx, deps)
    return seam
  }
  /** Who it is about. Where that is not known yet, the sign-in asks for it first. */
  const findNamed = async (ctx: Context, { uid }: Seam) => {
    const attempt = await signIn.find(uid)
    if (attempt?.identifier) return { attempt, identifier: attempt.identifier }
    seeOther(ctx, `/interaction/${uid}`)
  }

  router.get('/forgot', async (ctx) => {
    const seam = await reach(ctx)
    const named = seam && (await findNamed(ctx, seam))
    if (named) showAsk(ctx, seam, named.identifier, deps)
  })
  router.post('/forgot', formBody(), async (ctx) => {
    const seam = await reach(ctx)
    if (!seam) return
    const { uid, origin, clientId } = seam
    deps.csrf.verify(ctx, uid, readForm(ctx).csrf)
    const named = await findNamed(ctx, seam)
    if (!named) return
    const { attempt, identifier } = named
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
