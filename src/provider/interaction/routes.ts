import Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../../platform/refusal.ts'
import { formBody, readForm } from '../../web/index.ts'
import { mountAccounts } from './accounts.ts'
import { openAttempt, pageOf } from './attempt.ts'
import { allow, deny } from './consent.ts'
import { mountForgotten } from './forgot.ts'
import { mountNewcomers } from './newcomer.ts'
import { mountRegistration } from './register.ts'
import {
  handOver,
  type InteractionDependencies,
  openSeam,
  requestHref,
  type Seam,
  seeOther,
  showEnded,
} from './seam.ts'
import { goOn, mountShortcut } from './shortcut.ts'
import { createShow } from './show.ts'

const unknownAction = () =>
  new Refusal({ code: 'request.malformed', status: 400, message: 'The form named no action that is known here.' })

type Form = Readonly<Record<string, string>>
type Post = (ctx: Context, seam: Seam, form: Form) => Promise<void>

/** Switching accounts where nobody is asked to sign in (at consent): the same request once more, with choosing first. */
function restartWithChoosing(ctx: Context, { interaction }: Seam, { provider }: InteractionDependencies): void {
  seeOther(ctx, requestHref({ ...interaction.params, prompt: 'select_account' }, provider()))
}

/** They say who they are; people of some domains go straight to their provider, whether or not they have an account. */
async function identify(ctx: Context, seam: Seam, typed: string, deps: InteractionDependencies): Promise<void> {
  const { uid, origin, clientId } = seam
  const { signIn } = deps
  // The page that this comes from has opened the attempt, as a rule.
  const attempt =
    (await signIn.identify({ uid }, typed)) ?? (await signIn.identify(await openAttempt(ctx, seam, deps), typed))
  const choice = attempt?.identifier && !attempt.newcomer && (await signIn.upstream.providerFor(attempt.identifier))
  const page = pageOf(ctx, seam, deps)
  const left =
    choice && (await signIn.begin({ attempt, method: 'upstream', input: { choice }, page, origin, clientId }))
  seeOther(ctx, left && left.kind === 'redirect' ? left.url : `/interaction/${uid}`)
}

/** The person says who they are, that they are somebody else, or how they would like to prove it. */
function begin(deps: InteractionDependencies): Post {
  const { signIn } = deps
  return async (ctx, seam, form) => {
    const { uid, interaction, origin, clientId } = seam
    if (interaction.prompt.name === 'consent') return restartWithChoosing(ctx, seam, deps)
    const { action = 'continue', method = '' } = form
    if (action === 'continue') return identify(ctx, seam, form.identifier ?? '', deps)
    const attempt = await openAttempt(ctx, seam, deps)
    const chosen = { attempt, method, input: form, page: pageOf(ctx, seam, deps), origin, clientId }
    if (action === 'switch') await signIn.forget(attempt)
    else if (action === 'choose') await signIn.choose(attempt)
    else if (action === 'enrol') await signIn.beginEnrolment(chosen)
    else if (action === 'use') {
      const challenge = await signIn.begin(chosen)
      if (challenge?.kind === 'redirect') return seeOther(ctx, challenge.url)
    } else throw unknownAction()
    seeOther(ctx, `/interaction/${uid}`)
  }
}

/** A proof is handed in. */
function submit(deps: InteractionDependencies): Post {
  return async (ctx, seam, form) => {
    const { uid, origin, clientId } = seam
    const method = ctx.params.method ?? ''
    const attempt = await openAttempt(ctx, seam, deps)
    const page = pageOf(ctx, seam, deps)
    const after = await deps.signIn.submit({
      attempt,
      method,
      body: form,
      origin,
      clientId,
      page,
      wants: { keeps: form.keep === 'yes', trusts: form.trust === 'yes' },
    })
    if (after) deps.usedWays.remember(ctx, after)
    if (after?.plan.step === 'enough') return goOn(ctx, seam, { view: after, plan: after.plan, form }, deps)
    seeOther(ctx, `/interaction/${uid}`)
  }
}

/** The fields that came in the address, each once. */
const fieldsOf = ({ query }: Context): Form =>
  Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )

/** A credential that this sign-in needs is confirmed. */
function enrol(deps: InteractionDependencies): Post {
  return async (ctx, seam, form) => {
    const { uid, origin, clientId } = seam
    const attempt = await openAttempt(ctx, seam, deps)
    const page = pageOf(ctx, seam, deps)
    const method = ctx.params.method ?? ''
    await deps.signIn.confirmEnrolment({ attempt, method, body: form, origin, clientId, page })
    seeOther(ctx, `/interaction/${uid}`)
  }
}

/** A form of a step that is over (sent from another tab, or twice) leads to the step that the sign-in has come to. */
async function showStepAtHand(ctx: Context, seam: Seam, error: unknown, { audit }: InteractionDependencies) {
  if (!(error instanceof Refusal) || error.code !== 'sign_in.out_of_turn') throw error
  await audit.record('request.refused', { origin: seam.origin }, { reason: error.code })
  seeOther(ctx, `/interaction/${seam.uid}`)
}

/** The person goes back to the application without signing in. */
function abort(deps: InteractionDependencies): Post {
  return async (ctx, seam) => {
    const { clientId, origin } = seam
    await deps.audit.record('sign_in.aborted', { clientId, origin }, {})
    const result = { error: 'access_denied', error_description: 'the person went back' }
    seeOther(ctx, await handOver(ctx, seam, result, deps))
  }
}

function decideConsent(deps: InteractionDependencies): Post {
  return async (ctx, seam, { action }) => {
    // The dispatcher knows what is next, also where nobody is signed in any more who could consent.
    if (seam.interaction.prompt.name !== 'consent' || !seam.interaction.session) {
      return seeOther(ctx, `/interaction/${seam.uid}`)
    }
    if (action === 'allow') return allow(ctx, seam, deps)
    if (action === 'deny') return deny(ctx, seam, deps)
    throw unknownAction()
  }
}

/**
 * Where people come back to. From a mail the GET only shows a button, for the programs that follow every link in one; the
 * button posts what the address carried to `submit`. From another site it is handed in at once: the cookie and the state
 * in it say that this browser was sent there from here.
 */
function showReturn(deps: InteractionDependencies) {
  const handIn = submit(deps)
  return async (ctx: Context): Promise<void> => {
    const { method = '' } = ctx.params
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    const way = deps.signIn.returnOf(method)
    if (!way) return ctx.throw(404)
    if (way === 'answer') return handIn(ctx, seam, fieldsOf(ctx))
    ctx.set('Referrer-Policy', 'strict-origin')
    deps.render(ctx, 'sign-in/return', {
      client: { name: seam.client.clientName ?? seam.clientId },
      csrf: deps.csrf.token(seam.uid),
      action: `/interaction/${seam.uid}/${method}`,
      fields: Object.entries(fieldsOf(ctx)).map(([name, value]) => ({ name, value })),
      // The button was pressed already, on the page that the mailed link led to.
      autoSubmits: ctx.query.proved === 'yes',
    })
  }
}

/** The generic routes of every sign-in method (show, begin, submit, return, abort), enrolment and consent. */
export function interactionRoutes(deps: InteractionDependencies): Router {
  const router = new Router({ prefix: '/interaction/:uid' })
  const guarded = (post: Post) => async (ctx: Context) => {
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    const { csrf, ...form } = readForm(ctx)
    deps.csrf.verify(ctx, seam.uid, csrf)
    if (seam.isStartedOver) return seeOther(ctx, `/interaction/${seam.uid}`)
    // A sign-in page that is still open when consent is being asked for, say: the dispatcher knows what is next.
    await post(ctx, seam, form).catch((error: unknown) => showStepAtHand(ctx, seam, error, deps))
  }
  router.get('/', createShow(deps))
  mountRegistration(router, deps)
  router.post('/begin', formBody(), guarded(begin(deps)))
  router.post('/abort', formBody(), guarded(abort(deps)))
  router.post('/consent', formBody(), guarded(decideConsent(deps)))
  router.post('/enrol/:method', formBody(), guarded(enrol(deps)))
  mountForgotten(router, deps)
  mountAccounts(router, deps)
  mountNewcomers(router, deps)
  mountShortcut(router, deps)
  router.get('/:method/return', showReturn(deps))
  router.post('/:method', formBody(), guarded(submit(deps)))
  return router
}
