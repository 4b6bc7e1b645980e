import type { Context, Middleware } from 'koa'
import { stateOf, type WebState } from './state.ts'

/** What differs between installations. */
export interface HeaderOptions {
  readonly isHttps: boolean
  readonly hstsIncludesSubDomains: boolean
  /** Origins that the product's own logo comes from. */
  readonly images: readonly string[]
}

/** Lets forms of this page lead there, after redirects too: Chromium applies form-action to the whole chain. */
export function allowFormAction(ctx: Context, ...sources: string[]): void {
  stateOf(ctx).formActions.push(...sources)
}

/** Lets this page show pictures from there. */
export function allowImages(ctx: Context, ...sources: string[]): void {
  stateOf(ctx).images.push(...sources)
}

/** Lets this page show our own answers in frames. */
export function allowFrames(ctx: Context): void {
  stateOf(ctx).framing = 'frames'
}

/** Lets pages of ours show this answer in a frame, where it may do nothing and carry its own style (a mail, say). */
export function frameable(ctx: Context): void {
  stateOf(ctx).framing = 'framed'
}

/** Of answers that are no pages: nothing of them may be shown, run or sent. */
const NO_PAGE = "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

const sources = (...own: readonly string[]) => [...new Set(["'self'", ...own])].join(' ')

/** The policy of an answer, made for every one: nothing is put together that is the same for all. */
function contentSecurityPolicy({ framing, nonce, images, formActions }: WebState, always: readonly string[]): string {
  if (framing === 'framed') return "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
  if (nonce === undefined) return NO_PAGE
  const pictures = always.length + images.length > 0 ? sources(...always, ...images) : "'self'"
  const forms = formActions.length > 0 ? sources(...formActions) : "'self'"
  const frames = framing === 'frames' ? "; frame-src 'self'" : ''
  return `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; img-src ${pictures}; connect-src 'self'; form-action ${forms}${frames}; frame-ancestors 'none'; base-uri 'none'`
}

/** Answers that apps of other origins read: they share themselves by CORS. */
const SHARED = /^\/(\.well-known\/|jwks$|token|me$)/

/** The headers of every answer, errors too. They are written last, when the page has said what it needs. */
export function securityHeaders({ isHttps, hstsIncludesSubDomains, images }: HeaderOptions): Middleware {
  const hsts = `max-age=31536000${hstsIncludesSubDomains ? '; includeSubDomains' : ''}`
  const always = Object.entries({
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Permissions-Policy':
      'geolocation=(), microphone=(), camera=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
    'Cross-Origin-Opener-Policy': 'same-origin',
    // The filter that this once switched on was itself a hole.
    'X-XSS-Protection': '0',
    ...(isHttps ? { 'Strict-Transport-Security': hsts } : {}),
  })
  return async (ctx, next) => {
    try {
      await next()
    } finally {
      const { res } = ctx
      const state = stateOf(ctx)
      if (!res.headersSent) {
        for (const [name, value] of always) res.setHeader(name, value)
        if (state.framing === 'framed') res.setHeader('X-Frame-Options', 'SAMEORIGIN')
        res.setHeader('Content-Security-Policy', contentSecurityPolicy(state, images))
        res.setHeader('Cross-Origin-Resource-Policy', SHARED.test(ctx.path) ? 'cross-origin' : 'same-origin')
        if (!res.hasHeader('Referrer-Policy')) res.setHeader('Referrer-Policy', 'strict-origin-when-cross-origin')
        if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'no-store')
      }
    }
  }
}
