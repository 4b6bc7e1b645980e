import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from 'koa'
import { Refusal } from '../platform/refusal.ts'

/** Tokens that prove a form came from a page of ours. */
export interface Csrf {
  /** The token for forms of this thing (an interaction, a session). */
  token(binding: string): string
  /** @throws Refusal `request.forged` when the form did not come from such a page, or from another site */
  verify(ctx: Context, binding: string, token: unknown): void
}

const refuse = (cause: string) =>
  new Refusal({
    code: 'request.forged',
    status: 403,
    message: 'This form did not come from our page. Please go back and try again.',
    cause,
  })

/**
 * Tokens made with this key. A browser that says where a form comes from must name us as well; one that says nothing,
 * as old ones do, is judged by the token alone.
 */
export function createCsrf({ key, issuer }: { key: string; issuer: string }): Csrf {
  const token = (binding: string) => createHmac('sha256', key).update(`csrf\0${binding}`).digest('base64url')
  return {
    token,
    verify(ctx, binding, given) {
      const origin = ctx.get('Origin')
      const site = ctx.get('Sec-Fetch-Site')
      if (origin && origin !== issuer) throw refuse('another origin')
      if (site && site !== 'same-origin' && site !== 'none') throw refuse('another site')
      const expected = Buffer.from(token(binding))
      const actual = Buffer.from(typeof given === 'string' ? given : '')
      if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) throw refuse('no valid token')
    },
  }
}
