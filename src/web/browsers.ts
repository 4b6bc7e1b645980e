import type { Context } from 'koa'
import { newSecret } from '../platform/ids.ts'
import { createCookie } from './cookie.ts'

/** Tells browsers apart by a secret of their own, which says nothing of who uses them and lasts until they are closed. */
export interface Browsers {
  readonly find: (ctx: Context) => string | undefined
  /** Gives this browser a secret, unless it has one. */
  readonly mark: (ctx: Context) => string
}

/** Browsers, told apart by a signed cookie. */
export function createBrowsers(issuer: string): Browsers {
  const cookie = createCookie({ issuer, name: 'browser' })
  return {
    find: cookie.get,
    mark(ctx) {
      const known = cookie.get(ctx)
      if (known) return known
      const secret = newSecret()
      cookie.set(ctx, secret)
      return secret
    },
  }
}
