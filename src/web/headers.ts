import type { Context, Middleware } from 'koa'
import { stateOf } from './state.ts'

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

function contentSecurityPolicy(ctx: Context, images: readonly string[]): string {
  const state = stateOf(ctx)
  if (state.framing === 'framed')
    return "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
  const directives = {
    'default-src': ["'none'"],
    'script-src': [`'nonce-${state.nonce}'`],
    'style-src': ["'self'"],
    'img-src': ["'self'", ...images, ...state.images],
    'connect-src': ["'self'"],
    'form-action': ["'self'", ...state.formActions],
    ...(state.framing === 'frames' ? { 'frame-src': ["'self'"] } : {}),
    'frame-ancestors': ["'none'"],
    'base-uri': ["'none'"],
  }
  return Object.entries(directives)
    .map(([name, sources]) => [name, ...new Set(sources)].join(' '))
    .join('; ')
}

/** Answers that apps of other origins read: they share themselves by CORS. */
const SHARED = /^\/(\.well-known\/|jwks$|token|me$)/

/** The headers of every answer, errors too. They are written last, when the page has said what it needs. */
export function securityHeaders({ isHttps, hstsIncludesSubDomains, images }: HeaderOptions): Middleware {
  const hsts = `max-age=31536000${hstsIncludesSubDomains ? '; includeSubDomains' : ''}`
  const always = {
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Permissions-Policy':
      'geolocation=(), microphone=(), camera=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
    'Cross-Origin-Opener-Policy': 'same-origin',
    // The filter that this once switched on was itself a hole.
    'X-XSS-Protection': '0',
    ...(isHttps ? { 'Strict-Transport-Security': hsts } : {}),
  }
  return async (ctx, next) => {
    try {
      await next()
    } finally {
      ctx.set(always)
      if (stateOf(ctx).framing === 'framed') ctx.set('X-Frame-Options', 'SAMEORIGIN')
      ctx.set('Content-Security-Policy', contentSecurityPolicy(ctx, images))
      ctx.set('Cross-Origin-Resource-Policy', SHARED.test(ctx.path) ? 'cross-origin' : 'same-origin')
      if (!ctx.response.get('Referrer-Policy')) ctx.set('Referrer-Policy', 'strict-origin-when-cross-origin')
      if (!ctx.response.get('Cache-Control')) ctx.set('Cache-Control', 'no-store')
    }
  }
}
