import type { Context } from 'koa'
import { SealError, type Sealer } from '../../platform/seal.ts'
import { createCookie } from '../../web/index.ts'

/** The accounts that signed in with this browser, the last one first: only their ids, and only it can show them. */
export interface KnownAccounts {
  readonly list: (ctx: Context) => readonly string[]
  /** Called after a sign-in was proved, and never before. */
  readonly remember: (ctx: Context, accountId: string) => void
  readonly forget: (ctx: Context, accountId: string) => void
}

const KEPT_SECONDS = 180 * 86_400
const CONTEXT = 'cookie:accounts'

/** Known accounts in a cookie that nobody else can make or read; a browser that brings none knows nobody. */
export function createKnownAccounts({
  issuer,
  sealer,
  most,
}: {
  issuer: string
  sealer: Sealer
  /** How many are remembered. */
  most: number
}): KnownAccounts {
  const cookie = createCookie({ issuer, name: 'accounts' })
  const list = (ctx: Context): readonly string[] => {
    const value = cookie.get(ctx)
    if (!value) return []
    try {
      return sealer.open(value, CONTEXT).split(' ').slice(0, most)
    } catch (error) {
      // Sealed with a key that is gone: it is as if nobody was remembered.
      if (error instanceof SealError) return []
      throw error
    }
  }
  const keep = (ctx: Context, ids: readonly string[]) => {
    if (ids.length === 0) cookie.clear(ctx)
    else cookie.set(ctx, sealer.seal(ids.join(' '), CONTEXT), KEPT_SECONDS)
  }
  const without = (ctx: Context, accountId: string) => list(ctx).filter((id) => id !== accountId)
  return {
    list,
    remember: (ctx, accountId) => keep(ctx, [accountId, ...without(ctx, accountId)].slice(0, most)),
    forget: (ctx, accountId) => keep(ctx, without(ctx, accountId)),
  }
}
