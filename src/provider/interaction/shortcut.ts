import type Router from '@koa/router'
import type { Context } from 'koa'
import type { SignInView } from '../../sign-in/index.ts'
import { formBody, readForm } from '../../web/index.ts'
import { openAttempt } from './attempt.ts'
import { type Complete, finish } from './finish.ts'
import { type InteractionDependencies, openSeam, presentClient, type Seam, seeOther, showEnded } from './seam.ts'

type Form = Readonly<Record<string, string>>

/** Where a sign-in that is complete goes on: to the offer where its page said that the browser can, or to the end. */
export async function goOn(
  ctx: Context,
  seam: Seam,
  { view, plan, form }: { view: SignInView; plan: Complete['plan']; form: Form },
  deps: InteractionDependencies,
): Promise<void> {
  const isOffered = form.passkeys === 'possible' && (await deps.signIn.shortcut.isDue(view))
  return isOffered
    ? seeOther(ctx, `/interaction/${seam.uid}/shortcut`)
    : finish(ctx, seam, { attempt: view.attempt, plan }, deps)
}

/**
 * The page between a sign-in by password and the application that offers a passkey. It keeps nobody: what was proved is
 * enough already, and whatever comes of the offer, the sign-in is finished with that.
 */
export function mountShortcut(router: Router, deps: InteractionDependencies): void {
  const { shortcut, view: look } = deps.signIn

  const requestOf = (ctx: Context, { origin }: Seam, { account }: SignInView) =>
    account && { account, origin, locale: deps.localeOf(ctx) }

  const show = async (ctx: Context, seam: Seam, view: SignInView, hasFailed: boolean): Promise<void> => {
    const request = requestOf(ctx, seam, view)
    const challenge = request && (await shortcut.begin(request))
    if (hasFailed) ctx.status = 422
    deps.render(ctx, 'sign-in/shortcut', {
      client: presentClient(seam.client),
      csrf: deps.csrf.token(seam.uid),
      action: `/interaction/${seam.uid}/shortcut`,
      identifier: view.account?.email,
      challenge,
      problem: hasFailed ? { titleKey: 'shortcut.failed', fields: [] } : undefined,
    })
  }

  /** @returns whether the sign-in goes on; otherwise the page says what was wrong */
  const answer = async (ctx: Context, seam: Seam, view: SignInView, { action, ...form }: Form): Promise<boolean> => {
    const request = requestOf(ctx, seam, view)
    if (!request || !(await shortcut.isDue(view))) return true
    if (action === 'add') return (await shortcut.accept(request, form)).outcome === 'added'
    await (action === 'never' ? shortcut.decline(request) : shortcut.postpone(request.account))
    return true
  }

  router.get('/shortcut', async (ctx) => {
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    const view = await look(await openAttempt(ctx, seam, deps))
    if (!(await shortcut.isDue(view))) return seeOther(ctx, `/interaction/${seam.uid}`)
    await show(ctx, seam, view, false)
  })

  router.post('/shortcut', formBody(), async (ctx) => {
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    const { csrf, ...form } = readForm(ctx)
    deps.csrf.verify(ctx, seam.uid, csrf)
    const view = await look(await openAttempt(ctx, seam, deps))
    const { attempt, plan } = view
    if (plan.step !== 'enough') return seeOther(ctx, `/interaction/${seam.uid}`)
    if (!(await answer(ctx, seam, view, form))) return show(ctx, seam, view, true)
    await finish(ctx, seam, { attempt, plan }, deps)
  })
}
