import Router from '@koa/router'
import { type Cookie, createCookie } from './cookie.ts'
import type { Messages } from './messages.ts'

/** Remembers the language that somebody chose; it is no secret. */
export const languageCookie = (issuer: string): Cookie => createCookie({ issuer, name: 'lang', isSigned: false })

const YEAR_SECONDS = 365 * 24 * 60 * 60

/** A path of ours to go back to; anything that a browser could read as another site becomes the front page. */
export function safeReturn(path: unknown): string {
  return typeof path === 'string' && /^\/(?![/\\])[\w\-./~%]*$/.test(path) ? path : '/'
}

/** The language switch: remembers and goes back. */
export function languageRoutes(messages: Messages, cookie: Cookie): Router {
  const router = new Router()
  router.get('/language/:locale', (ctx) => {
    const { locale = '' } = ctx.params
    if (messages.locales.includes(locale)) cookie.set(ctx, locale, YEAR_SECONDS)
    ctx.status = 303
    ctx.redirect(safeReturn(ctx.query.return))
  })
  return router
}
