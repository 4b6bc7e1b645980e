import Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../platform/refusal.ts'
import type { Recovery, Reset } from '../recovery/index.ts'
import type { SignIn } from '../sign-in/index.ts'
import {
  type Browsers,
  type Csrf,
  createCookie,
  formBody,
  originOf,
  presentProblem,
  type Render,
  readForm,
  refuseGone,
  safeReturn,
} from '../web/index.ts'

/** What the pages of a forgotten password need. */
export interface RecoveryPagesDependencies {
  readonly recovery: Recovery
  readonly signIn: SignIn
  readonly browsers: Browsers
  readonly render: Render
  readonly csrf: Csrf
  readonly localeOf: (ctx: Context) => string
  readonly issuer: string
  readonly resetSeconds: number
}

/** The field that each refusal is about. */
const fields: Readonly<Record<string, string>> = {
  'account.identifier_invalid': 'identifier',
  'recovery.code_wrong': 'code',
  'password.refused': 'password',
}

type Form = Readonly<Record<string, string>>

function seeOther(ctx: Context, location: string): void {
  ctx.redirect(location)
  ctx.status = 303
}

/** Shows what was refused on the page that it belongs to, if it is one of these. */
function problemFor(ctx: Context, refusal: unknown) {
  const isAboutAll = refusal instanceof Refusal && ['recovery.limited', 'recovery.gone'].includes(refusal.code)
  if (!(refusal instanceof Refusal) || !(fields[refusal.code] || isAboutAll)) throw refusal
  ctx.status = refusal.status
  if (refusal.retryAfterSeconds) ctx.set('Retry-After', String(refusal.retryAfterSeconds))
  const { code, params } = refusal
  return presentProblem(refusal, fields) ?? { titleKey: `refusals.${code}`, params, fields: [] }
}

/** Asking for the mail, and typing its code. */
function mountAsking(router: Router, deps: RecoveryPagesDependencies): void {
  const { recovery, browsers, render, csrf, resetSeconds } = deps

  const showAsk = (ctx: Context, identifier = '', problem?: object) =>
    render(ctx, 'recovery/ask', {
      action: '/password/forgot',
      csrf: csrf.token(browsers.mark(ctx)),
      identifier,
      problem,
    })

  const showSent = async (ctx: Context, problem?: object) => {
    const browser = browsers.mark(ctx)
    const asked = await recovery.findAsked(browser)
    if (!asked) return seeOther(ctx, '/password/forgot')
    const { identifier, returnPath } = asked
    const data = { action: '/password/sent', csrf: csrf.token(browser), identifier, backHref: returnPath, problem }
    render(ctx, 'recovery/sent', { ...data, minutes: Math.ceil(resetSeconds / 60) })
  }

  const send = async (ctx: Context, typed: string, returnPath?: string) => {
    const about = { typed, browser: browsers.mark(ctx), returnPath }
    await recovery.request({ ...about, origin: originOf(ctx), locale: deps.localeOf(ctx) })
    seeOther(ctx, '/password/sent')
  }

  const confirm = async (ctx: Context, { action, code = '' }: Form) => {
    const browser = browsers.mark(ctx)
    if (action !== 'again')
      return seeOther(ctx, `/password/reset/${await recovery.typeCode(browser, code, originOf(ctx))}`)
    const asked = await recovery.findAsked(browser)
    return asked ? send(ctx, asked.identifier, asked.returnPath) : seeOther(ctx, '/password/forgot')
  }

  /** A form whose cookies are lost cannot be told from a forged one, and does nothing: it starts with a clean page. */
  const hasLostCookies = (ctx: Context) => {
    const isLost = browsers.find(ctx) === undefined
    if (isLost) seeOther(ctx, '/password/forgot')
    return isLost
  }

  router.get('/forgot', (ctx) => showAsk(ctx))
  router.post('/forgot', formBody(), async (ctx) => {
    if (hasLostCookies(ctx)) return
    const { csrf: token, identifier = '' } = readForm(ctx)
    csrf.verify(ctx, browsers.mark(ctx), token)
    try {
      await send(ctx, identifier)
    } catch (refusal) {
      showAsk(ctx, identifier, problemFor(ctx, refusal))
    }
  })
  router.get('/sent', (ctx) => showSent(ctx))
  router.post('/sent', formBody(), async (ctx) => {
    if (hasLostCookies(ctx)) return
    const { csrf: token, ...form } = readForm(ctx)
    csrf.verify(ctx, browsers.mark(ctx), token)
    try {
      await confirm(ctx, form)
    } catch (refusal) {
      await showSent(ctx, problemFor(ctx, refusal))
    }
  })
}

/** Choosing the new password, by whoever has the link. */
function mountChoosing(router: Router, deps: RecoveryPagesDependencies): void {
  const { recovery, signIn, render, csrf, issuer, resetSeconds } = deps
  const cookie = createCookie({ issuer, name: 'reset' })

  const showGone = (ctx: Context) => {
    ctx.status = 410
    render(ctx, 'recovery/gone', { isOffered: recovery.isOffered })
  }

  const refuse = (ctx: Context) => {
    refuseGone(ctx, 'recovery.gone')
    showGone(ctx)
  }

  const showNew = (ctx: Context, token: string, { account }: Reset, keeps: boolean, problem?: object) =>
    render(ctx, 'recovery/new', {
      action: '/password/new',
      csrf: csrf.token(token),
      identifier: account.email,
      rules: signIn.password.rules,
      keeps,
      problem,
    })

  // The mail's link. It uses nothing up, for the programs that follow every link in a mail, and leads away at once from
  // the address that holds a secret. It works in whichever browser the mail is read.
  router.get('/reset/:token', async (ctx) => {
    ctx.set('Referrer-Policy', 'no-referrer')
    const token = ctx.params.token ?? ''
    if (!(await recovery.find(token))) return refuse(ctx)
    cookie.set(ctx, token, resetSeconds)
    seeOther(ctx, '/password/new')
  })
  router.get('/new', async (ctx) => {
    const token = cookie.get(ctx) ?? ''
    const reset = await recovery.find(token)
    if (!reset) return refuse(ctx)
    showNew(ctx, token, reset, false)
  })
  router.post('/new', formBody(), async (ctx) => {
    const token = cookie.get(ctx) ?? ''
    const { csrf: formToken, password = '', keep } = readForm(ctx)
    csrf.verify(ctx, token, formToken)
    const keeps = keep === 'yes'
    try {
      const { returnPath } = await recovery.finish({ token, password, endsSessions: !keeps, origin: originOf(ctx) })
      cookie.clear(ctx)
      seeOther(ctx, `/password/done${returnPath ? `?return=${encodeURIComponent(returnPath)}` : ''}`)
    } catch (refusal) {
      const problem = problemFor(ctx, refusal)
      const reset = await recovery.find(token)
      if (!reset) return showGone(ctx)
      showNew(ctx, token, reset, keeps, problem)
    }
  })
  router.get('/done', (ctx) => render(ctx, 'recovery/done', { continueHref: safeReturn(ctx.query.return) }))
}

/** The pages of a forgotten password, for who comes from an application and for who does not. */
export function recoveryRoutes(deps: RecoveryPagesDependencies): Router {
  const router = new Router({ prefix: '/password' })
  router.use(async (ctx, next) => {
    // Without mail nobody can ask, but a link that somebody was given is still good.
    const isAsking = ctx.path === '/password/forgot' || ctx.path === '/password/sent'
    if (isAsking && !deps.recovery.isOffered) return ctx.throw(404)
    await next()
  })
  mountAsking(router, deps)
  mountChoosing(router, deps)
  return router
}
