import type { Context } from 'koa'
import type { SignInView } from '../../sign-in/index.ts'
import { createCookie } from '../../web/index.ts'

/** The ways to sign in that were used in this browser, the last one first, as `method` or `method.choice`. */
export interface UsedWays {
  readonly find: (ctx: Context) => readonly string[]
  /** A proof held: remembers what it was begun with. */
  readonly remember: (ctx: Context, view: SignInView) => void
}

/** What the pages show of the choices of each method. */
type Choices = SignInView['choices']

const KEPT = 6
const KEPT_SECONDS = 180 * 24 * 60 * 60
const WAY = /^[a-z0-9-]{1,40}(\.[a-z0-9-]{1,40})?$/

/** Used ways, in a cookie that holds their names and nothing of who used them. */
export function createUsedWays(issuer: string): UsedWays {
  const cookie = createCookie({ issuer, name: 'ways', path: '/interaction' })
  const find = (ctx: Context) => (cookie.get(ctx) ?? '').split('~').filter((way) => WAY.test(way))
  return {
    find,
    remember(ctx, { attempt: { evidence } }) {
      const [first] = evidence
      // What a session says was not used now.
      if (!first || first.method === 'session') return
      const way = first.via ? `${first.method}.${first.via}` : first.method
      const before = find(ctx)
      if (before[0] === way) return
      cookie.set(ctx, [way, ...before.filter((other) => other !== way)].slice(0, KEPT).join('~'), KEPT_SECONDS)
    },
  }
}

/** The choices in the order of their last use, those that never were after them as they are. */
export function inOrderOfUse(choices: Choices, used: readonly string[]): Choices {
  const order = (method: string, id: string) => {
    const index = used.indexOf(`${method}.${id}`)
    return index < 0 ? used.length : index
  }
  const sorted = Object.entries(choices).map(([method, all]) => [
    method,
    all.toSorted((one, other) => order(method, one.id) - order(method, other.id)),
  ])
  return Object.fromEntries(sorted)
}
