import type { Context } from 'koa'
import { Provider } from 'oidc-provider'
import type { Adjustment } from './provider.ts'
import type { Kept, Sessions } from './storage/sessions.ts'

interface Renewable {
  oldId?: string | undefined
  save(ttl: number): Promise<string>
}

/** What makes requests of one browser that run at the same time share their session. */
export interface ParallelSessions {
  readonly adjust: Adjustment
  /** Takes the session's cookie out of an answer that has nothing new to say of it. */
  readonly onKept: (kept: Kept) => void
}

/** The cookies of this request, each with its value. */
const sentBy = ({ headers }: Context) => new Set((headers.cookie ?? '').split(';').map((cookie) => cookie.trim()))

/**
 * The library replaces a session whole, and gives it a new id by removing the old one first; storage moves and merges it
 * instead. Only an answer that has something new to say of the cookie sets it: one that came late would undo what another
 * request of the same browser was told.
 */
export function createParallelSessions(sessions: Pick<Sessions, 'renew'>): ParallelSessions {
  return {
    adjust(provider) {
      const prototype = provider.Session.prototype as unknown as Renewable
      const { save } = prototype
      prototype.save = function (this: Renewable, ttl) {
        if (this.oldId) {
          sessions.renew()
          this.oldId = undefined
        }
        return save.call(this, ttl)
      }
    },
    onKept(kept) {
      const { ctx } = Provider
      if (kept === 'here' || !ctx) return
      const name = ctx.oidc.provider.cookieName('session')
      const set = [ctx.response.get('Set-Cookie')].flat().filter(Boolean)
      const own = set.filter((cookie) => cookie.startsWith(`${name}=`) || cookie.startsWith(`${name}.sig=`))
      // Signed with a key that is new, it is told again.
      const isAsSent = own.every((cookie) => sentBy(ctx).has(cookie.split(';')[0] ?? ''))
      if (kept === 'known' && !isAsSent) return
      const others = set.filter((cookie) => !own.includes(cookie))
      if (others.length > 0) ctx.set('Set-Cookie', others)
      else ctx.remove('Set-Cookie')
    },
  }
}
