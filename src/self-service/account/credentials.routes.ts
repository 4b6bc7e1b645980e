import Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../../platform/refusal.ts'
import type { Enrolment } from '../../sign-in/index.ts'
import { allowFormAction, originOf, presentProblem } from '../../web/index.ts'
import type { ShowAccountPage } from './frame.ts'
import type { AccountGuard, Owner } from './guard.ts'

/** What the pages for adding and removing credentials need. */
export interface CredentialPagesDependencies {
  readonly enrolment: Enrolment
  readonly guard: AccountGuard
  readonly show: ShowAccountPage
  readonly localeOf: (ctx: Context) => string
  readonly issuer: string
  readonly isProduction: boolean
}

const PREFIX = '/account/security'

/** A problem that is about the one field of the form. */
const problemOf = (method: string) => ({
  titleKey: 'problems.mismatch',
  fields: [{ name: 'code', messageKey: `problems.enrol.${method}` }],
})

/** What was started is over; a method that asks for something first asks again. */
const expired = { titleKey: 'problems.usedUp', detailKey: 'problems.usedUpDetail', fields: [] }

const UNPROCESSABLE = 422

/** What came of going to another site. */
function elsewhereProblem(method: string, reason: string) {
  if (reason === 'access_denied') return { titleKey: `problems.elsewhere.cancelled.${method}`, fields: [] }
  if (reason === 'taken') return { titleKey: `problems.elsewhere.taken.${method}`, fields: [] }
  return { titleKey: `problems.elsewhere.failed.${method}`, detailKey: 'problems.elsewhere.again', fields: [] }
}

/** One set of pages for the credentials of every method: list, add, confirm, rename, remove. */
export function credentialRoutes(deps: CredentialPagesDependencies): Router {
  const { enrolment, guard, show, localeOf, issuer, isProduction } = deps
  const router = new Router({ prefix: `${PREFIX}/:method` })
  const methodOf = (ctx: Context): string => {
    const { method = '' } = ctx.params
    if (!enrolment.methods.includes(method)) ctx.throw(404)
    return method
  }
  const home = (ctx: Context) => `${PREFIX}/${encodeURIComponent(ctx.params.method ?? '')}`
  const seeOther = (ctx: Context, path: string) => {
    ctx.redirect(path)
    ctx.status = 303
  }
  const requestOf = (ctx: Context, { account, session }: Owner) => ({
    account,
    session: session.uid,
    returnUrl: `${issuer}${home(ctx)}/return`,
    method: methodOf(ctx),
    origin: originOf(ctx),
    locale: localeOf(ctx),
  })
  const listOf = async (ctx: Context, { account }: Owner) => {
    const method = methodOf(ctx)
    return (await enrolment.list(account.id)).filter((credential) => credential.method === method)
  }

  const showList = async (ctx: Context, owner: Owner, problem?: object) => {
    const method = methodOf(ctx)
    const choices = enrolment.choices(method)
    // The button leads to another site, and from there to wherever that one's people sign in.
    if (choices) allowFormAction(ctx, 'https:', ...(isProduction ? [] : ['http://localhost:*', 'http://127.0.0.1:*']))
    const credentials = await listOf(ctx, owner)
    const signalled = await enrolment.signalled(owner.account, method)
    const data = { method, credentials, signalled, choices, problem, addAction: `${home(ctx)}/add`, here: home(ctx) }
    show(ctx, 'credentials', owner, data)
  }

  const showAdd = async (ctx: Context, owner: Owner, problem?: object, typed?: string) => {
    const method = methodOf(ctx)
    const challenge = await enrolment.findPending(owner.account.id, method)
    const isAsked = !challenge && enrolment.asks(method) !== undefined
    const data = {
      method,
      part: isAsked ? `${method}-start` : method,
      challenge,
      problem,
      typed,
      action: `${home(ctx)}/confirm`,
      addAction: `${home(ctx)}/add`,
      startAction: `${home(ctx)}/add`,
      startVerb: 'add',
      backHref: home(ctx),
    }
    show(ctx, challenge || isAsked ? 'add' : 'add-expired', owner, data)
  }

  const begin = async (ctx: Context, owner: Owner, form: Readonly<Record<string, string>>) => {
    const asks = enrolment.asks(methodOf(ctx))
    try {
      const challenge = await enrolment.begin(requestOf(ctx, owner), form)
      seeOther(ctx, challenge?.url ?? `${home(ctx)}/add`)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, status, retryAfterSeconds } = error
      const isElsewhere = code === 'enrolment.elsewhere_unreachable'
      if (!asks && !isElsewhere) throw error
      ctx.status = status
      if (retryAfterSeconds) ctx.set('Retry-After', String(retryAfterSeconds))
      const fields = asks && status === UNPROCESSABLE ? { [code]: asks } : {}
      const problem = presentProblem(error, fields) ?? { titleKey: `refusals.${code}`, fields: [] }
      await (asks ? showAdd(ctx, owner, problem, form[asks]) : showList(ctx, owner, problem))
    }
  }

  const confirm = async (ctx: Context, owner: Owner, form: Readonly<Record<string, string>>) => {
    const outcome = await enrolment.confirm(requestOf(ctx, owner), form)
    if (outcome.outcome !== 'added') {
      if (outcome.outcome === 'failed') ctx.status = UNPROCESSABLE
      return showAdd(ctx, owner, outcome.outcome === 'failed' ? problemOf(methodOf(ctx)) : expired)
    }
    const { shown } = outcome
    if (!shown) return seeOther(ctx, home(ctx))
    // Shown this once, in the answer to the form: it is nowhere to be read again.
    show(ctx, `shown/${methodOf(ctx)}`, owner, { shown, backHref: home(ctx) })
  }

  const findOne = async (ctx: Context, owner: Owner) => {
    const found = (await listOf(ctx, owner)).find(({ id }) => id === ctx.params.id)
    return found ?? ctx.throw(404)
  }

  router.get(
    '/',
    guard.page((ctx, owner) => showList(ctx, owner)),
  )
  router.get(
    '/add',
    guard.freshPage((ctx, owner) =>
      // Begun by a button of the list, and nowhere to be typed.
      enrolment.choices(methodOf(ctx)) ? seeOther(ctx, home(ctx)) : showAdd(ctx, owner),
    ),
  )
  // From another site: what was begun in this very session, within its few minutes, is confirmed by what came along.
  router.get(
    '/return',
    guard.page(async (ctx, owner) => {
      if (!enrolment.choices(methodOf(ctx))) ctx.throw(404)
      const outcome = await enrolment.confirm(requestOf(ctx, owner), ctx.query)
      if (outcome.outcome === 'added') return seeOther(ctx, home(ctx))
      ctx.status = UNPROCESSABLE
      const reason = outcome.outcome === 'failed' ? outcome.reason : 'expired'
      await showList(ctx, owner, elsewhereProblem(methodOf(ctx), reason))
    }),
  )
  router.post('/add', ...guard.change(home, begin))
  router.post('/confirm', ...guard.change(home, confirm))
  router.post(
    '/:id/rename',
    ...guard.change(home, async (ctx, owner, { name = '' }) => {
      await enrolment.rename(requestOf(ctx, owner), ctx.params.id ?? '', name)
      seeOther(ctx, home(ctx))
    }),
  )
  router.get(
    '/:id/remove',
    guard.freshPage(async (ctx, owner) => {
      const credential = await findOne(ctx, owner)
      show(ctx, 'remove', owner, { credential, method: methodOf(ctx), action: ctx.path, backHref: home(ctx) })
    }),
  )
  router.post(
    '/:id/remove',
    ...guard.change(home, async (ctx, owner) => {
      await enrolment.remove(requestOf(ctx, owner), ctx.params.id ?? '')
      seeOther(ctx, home(ctx))
    }),
  )
  return router
}
