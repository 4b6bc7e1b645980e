import type { Context } from 'koa'
import type { Provider } from 'oidc-provider'
import { createCookie } from '../web/index.ts'
import type { SessionLimited, SessionLimits } from './session-limits.ts'

/** The client that our own account pages sign people in as; it asks for no tokens, so it needs none. */
export const OWN_CLIENT = 'gatehouse-account'

/** Where the protocol leads back to our own pages. */
export const OWN_RETURN_PATH = '/account/return'

/** Who is signed in to this browser. */
export interface OwnSession {
  readonly accountId: string
  /** Names the session, for binding forms to it. */
  readonly uid: string
  readonly amr: readonly string[]
  /** When the person last proved something. */
  readonly signedInAt: Date
  /** Whether the account's second factor was not asked for, because it trusts this browser. */
  readonly isByTrust: boolean
}

/** What sort of sign-in our own pages ask for. */
export interface SignInWanted {
  /** One that is no longer ago than this. */
  readonly maxAgeSeconds?: number | undefined
  /** The person chooses an account first. */
  readonly isChosen?: boolean | undefined
  /** One with everything that the account can prove, also in a browser that it trusts. */
  readonly isComplete?: boolean | undefined
}

/** What our own pages need of the protocol: the session, and a way to get one. */
export interface OwnPages {
  /** The live session of this browser; being used keeps it alive. */
  readonly findSession: (ctx: Context) => Promise<OwnSession | undefined>
  /** Where to send somebody who has to sign in, or do so again. */
  readonly signInHref: (state: string, how?: SignInWanted) => string
  /** Ends what else is open for the account: other sessions, and tokens that they gave. */
  readonly endOthers: (session: OwnSession, reason: string) => Promise<void>
  /** Where signing out begins. */
  readonly signOutHref: string
}

/** A session is only kept alive anew when this much of its time is gone: reading must not be a write each time. */
const SLIDE_AFTER_SECONDS = 60

/** Our own pages need no second session and no tokens: `response_type=none` makes the one that all apps share. */
export function createOwnPages({
  provider,
  sessionLimits,
  twoFactorAcr,
  issuer,
  endOthers,
}: {
  provider: () => Provider
  sessionLimits: SessionLimits
  twoFactorAcr: string | undefined
  issuer: string
  endOthers: (accountId: string, uid: string, reason: string) => Promise<void>
}): OwnPages {
  // The library's own cookie, by its name and flags.
  const cookie = createCookie({ issuer, name: 'session' })
  return {
    signOutHref: '/session/end',
    endOthers: ({ accountId, uid }, reason) => endOthers(accountId, uid, reason),
    async findSession(ctx) {
      const session = await provider().Session.get(ctx as Parameters<Provider['Session']['get']>[0])
      const { accountId, uid, amr, loginTs, exp } = session
      const { isKept, isByTrust = false }: SessionLimited = session
      if (!accountId || !loginTs || !exp) return undefined
      const left = exp - Date.now() / 1000
      const lasting = sessionLimits.secondsLeft(session)
      if (left < lasting - SLIDE_AFTER_SECONDS) {
        await session.save(lasting)
        if (isKept) cookie.set(ctx, session.jti, lasting)
      }
      return { accountId, uid, amr: amr ?? [], signedInAt: new Date(loginTs * 1000), isByTrust }
    },
    signInHref(state, { maxAgeSeconds, isChosen, isComplete } = {}) {
      const query = new URLSearchParams({
        client_id: OWN_CLIENT,
        response_type: 'none',
        scope: 'openid',
        redirect_uri: `${issuer}${OWN_RETURN_PATH}`,
        state,
        ...(maxAgeSeconds === undefined ? {} : { max_age: String(maxAgeSeconds) }),
        ...(isComplete && twoFactorAcr ? { acr_values: twoFactorAcr } : {}),
        ...(isChosen ? { prompt: 'select_account' } : {}),
      })
      return `${new URL(provider().urlFor('authorization')).pathname}?${query}`
    },
  }
}
