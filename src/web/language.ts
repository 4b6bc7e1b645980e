import Router from '@koa/router'
import type { Messages } from './messages.ts'

/** Remembers the language that somebody chose; it is no secret. */
export const languageCookie = 'gatehouse.lang'

const YEAR_MS = 365 * 24 * 60 * 60 * 1000

/** A path of ours to go back to; anything that a browser could read as another site becomes the front page. */
export function safeReturn(path: unknown): string {
  return typeof path === 'string' && /^\/(?![/\\])[\w\-./~%]*$/.test(path) ? path : '/'
}

/** The language switch: remembers and goes back. */
export function languageRoutes(messages: Messages): Router {
  const router = new Router()
  router.get('/language/:locale', (ctx) => {
    const { locale = '' } = ctx.params
    if (messages.locales.includes(locale)) {
      ctx.cookies.set(languageCookie, locale, { maxAge: YEAR_MS, sameSite: 'lax', httpOnly: true, signed: false })
    }
    ctx.status = 303
    ctx.redirect(safeReturn(ctx.query.return))
  })
  return router
}
