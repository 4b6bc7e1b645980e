import type { Context } from 'koa'
import { isChoosing, showAccounts } from './accounts.ts'
import { openAttempt, pageOf } from './attempt.ts'
import { showConsent } from './consent.ts'
import { finish, finishUnattainable } from './finish.ts'
import { showLink, showMeet } from './newcomer.ts'
import { showEnrol, showIdentifier, showMethod, showRefused, showWait } from './pages.ts'
import { type InteractionDependencies, openSeam, requestHref, type Seam, seeOther, showEnded } from './seam.ts'

async function showSignIn(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<void> {
  const { origin, clientId } = seam
  const attempt = await openAttempt(ctx, seam, deps)
  const view = await deps.signIn.view(attempt)
  const { plan } = view
  if (plan.step === 'enough') return finish(ctx, seam, { attempt, plan }, deps)
  if (plan.step === 'refuse') {
    if (plan.reason === 'unattainable') return finishUnattainable(ctx, seam, deps)
    return showRefused(ctx, plan.reason, seam, deps)
  }
  if (plan.step === 'link') return showLink(ctx, view, seam, deps)
  if (plan.step === 'meet' && attempt.newcomer) return showMeet(ctx, attempt.newcomer, seam, deps)
  const { notice } = attempt
  if (notice?.reason === 'limited' && notice.retryAt && notice.retryAt > new Date())
    return showWait(ctx, notice.retryAt, view, seam, deps)
  if (plan.step === 'enrol') return showEnrol(ctx, view, seam, deps)
  const ready = await deps.signIn.ready({ attempt, origin, clientId, page: pageOf(ctx, seam, deps) }, view)
  if (plan.step === 'identify') return showIdentifier(ctx, ready, seam, deps)
  showMethod(ctx, ready, seam, deps)
}

/** `GET /interaction/:uid`: the one dispatcher. Reads what is stored and shows what is next. */
export function createShow(deps: InteractionDependencies) {
  return async (ctx: Context): Promise<void> => {
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    const { prompt, session, params } = seam.interaction
    if ((await isChoosing(seam, deps)) && (await showAccounts(ctx, seam, deps))) return
    if (prompt.name !== 'consent') return showSignIn(ctx, seam, deps)
    // Who was to consent has signed out meanwhile: the same request once more asks for a sign-in first.
    if (!session) return seeOther(ctx, requestHref(params, deps.provider()))
    await showConsent(ctx, seam, deps)
  }
}
