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
 * Tokens made with the first of these keys; those made with the others are good as well, so that forms outlive a change
 * of keys. A browser that says where a form comes from must name us as well; one that says nothing,
 * as old ones do, is judged by the token alone.
 */
export function createCsrf({ keys, issuer }: { keys: readonly string[]; issuer: string }): Csrf {
  const make = (key: string, binding: string) =>
    createHmac('sha256', key).update(`csrf\0${binding}`).digest('base64url')
  return {
    token: (binding) => make(keys[0] ?? '', binding),
    verify(ctx, binding, given) {
      const origin = ctx.get('Origin')
      const site = ctx.get('Sec-Fetch-Site')
      if (origin && origin !== issuer) throw refuse('another origin')
      if (site && site !== 'same-origin' && site !== 'none') throw refuse('another site')
      const actual = Buffer.from(typeof given === 'string' ? given : '')
      const isGood = keys.some((key) => {
        const expected = Buffer.from(make(key, binding))
        return expected.length === actual.length && timingSafeEqual(expected, actual)
      })
      if (!isGood) throw refuse('no valid token')
    },
  }
}
