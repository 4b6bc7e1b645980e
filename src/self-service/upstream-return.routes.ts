import Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../platform/refusal.ts'
import type { UpstreamReturn } from '../sign-in/index.ts'
import { formBody, readForm } from '../web/index.ts'

/** What an answer can hold (RFC 6749 section 4.1.2, RFC 9207; `user`: Apple). Nothing else goes on. */
const FIELDS = ['code', 'state', 'iss', 'error', 'user'] as const

const unknownReturn = () =>
  new Refusal({ code: 'sign_in.return_unknown', status: 410, message: 'This sign-in was not begun here, or long ago.' })

function pickAnswer(given: Readonly<Record<string, unknown>>): URLSearchParams {
  const answer = new URLSearchParams()
  for (const name of FIELDS) {
    const value = given[name]
    if (typeof value === 'string') answer.set(name, value)
  }
  return answer
}

const seeOther = (ctx: Context, location: string) => {
  ctx.redirect(location)
  ctx.status = 303
}

/**
 * The one address of each provider that is registered with it. Nothing is decided here: the state says, sealed by us, on
 * which page of ours the answer is looked at, and that page wants the cookie of the browser that was sent away.
 * An answer by form comes from another site, so without our cookies: it goes on as the GET that it could have been.
 */
export function upstreamReturnRoutes(upstream: UpstreamReturn): Router {
  const router = new Router({ prefix: '/upstream/:provider/return' })
  const providerOf = (ctx: Context): string => {
    const { provider = '' } = ctx.params
    return upstream.has(provider) ? provider : ctx.throw(404)
  }
  router.get('/', (ctx) => {
    const answer = pickAnswer(ctx.query)
    const path = upstream.pathOf(providerOf(ctx), answer.get('state') ?? '')
    if (!path) throw unknownReturn()
    seeOther(ctx, `${path}?${answer}`)
  })
  router.post('/', formBody(), (ctx) => {
    seeOther(ctx, `/upstream/${providerOf(ctx)}/return?${pickAnswer(readForm(ctx))}`)
  })
  return router
}
