import { Provider } from 'oidc-provider'
import type { Config } from '../config/index.ts'
import { oneFactorOf } from '../sign-in/index.ts'
import type { Adjustment } from './provider.ts'

/** What we keep in a session besides what the library does. Times in seconds since 1970. */
export interface SessionLimited {
  accountId?: string | undefined
  acr?: string | undefined
  amr?: string[] | undefined
  loginTs?: number | undefined
  transient?: boolean | undefined
  /** When the person last proved everything anew: what the longest life counts from. */
  begunAt?: number | undefined
  /** When it was last used, to the minute. */
  usedAt?: number | undefined
  /** Whether the person asked to be kept signed in. */
  isKept?: boolean | undefined
  /** Whether the account's second factor was not asked for, because it trusts the browser. */
  isByTrust?: boolean | undefined
}

const FIELDS = ['begunAt', 'usedAt', 'isKept', 'isByTrust'] as const
const DAY_SECONDS = 86_400
/** A time of use that moved by less is not written again. */
const STEP_SECONDS = 60

const now = () => Math.floor(Date.now() / 1000)

/** How long sessions last, in seconds: decided here and on the server, whatever a cookie says. */
export interface SessionLimits {
  /** How long this session may go unused from now on: never beyond its longest life. At least 1. */
  readonly secondsLeft: (session: SessionLimited) => number
  readonly adjust: Adjustment
}

type Limited<Session> = Session & SessionLimited
interface SessionModel {
  readonly prototype: {
    loginAccount(details: { accountId: string; transient?: boolean | undefined }): void
    save(ttl: number): Promise<string>
  }
  find(id: string): Promise<Limited<object> | undefined>
  findByUid(uid: string): Promise<Limited<object> | undefined>
}

/**
 * Sessions end when they were not used for a while, and in any case some time after the person proved who they are
 * within a day, or within the days that keeping somebody signed in allows. A kept session is worth two factors
 * only for as long as any other session is; after that it counts as one factor, and says so, until another is proved.
 */
export function createSessionLimits({ lifetimes, sessions, assurance }: Config): SessionLimits {
  const { sessionSeconds, sessionMaxSeconds } = lifetimes
  const { days, idleDays } = sessions.keepSignedIn
  const [oneFactor] = assurance.oneFactor
  const beginningOf = ({ begunAt, loginTs }: SessionLimited) => begunAt ?? loginTs ?? now()
  const endOf = (session: SessionLimited) =>
    beginningOf(session) + (session.isKept ? days * DAY_SECONDS : sessionMaxSeconds)

  const isStale = ({ loginTs = 0, usedAt = 0 }: SessionLimited) =>
    now() - loginTs > sessionMaxSeconds || now() - usedAt > sessionSeconds + STEP_SECONDS
  const weaken = (session: SessionLimited) => {
    if (!session.isKept || !isStale(session)) return
    session.amr = oneFactorOf(session.amr ?? [])
    session.acr = oneFactor
  }
  const look = <S extends SessionLimited>(session: S | undefined): S | undefined => {
    if (!session?.accountId) return session
    if (endOf(session) <= now()) return undefined
    weaken(session)
    return session
  }

  return {
    secondsLeft(session) {
      const idle = session.isKept ? idleDays * DAY_SECONDS : sessionSeconds
      return session.accountId ? Math.max(1, Math.min(idle, endOf(session) - now())) : sessionSeconds
    },
    adjust(provider) {
      const model = provider.Session as unknown as SessionModel
      const fields = [...(model as unknown as { IN_PAYLOAD: readonly string[] }).IN_PAYLOAD, ...FIELDS]
      Object.defineProperty(model, 'IN_PAYLOAD', { get: () => fields })
      const { find, findByUid } = model
      model.find = async (id) => look(await find.call(model, id))
      model.findByUid = async (uid) => look(await findByUid.call(model, uid))

      const { loginAccount, save } = model.prototype
      model.prototype.loginAccount = function (this: SessionLimited & SessionModel['prototype'], details) {
        const isAnother = this.accountId !== details.accountId
        loginAccount.call(this, details)
        // The library never takes it back.
        this.transient = details.transient ? true : undefined
        this.isKept = !details.transient
        // A step that adds to what the session proved is no new beginning.
        const login = Provider.ctx?.oidc.entities.Interaction?.result?.login
        this.isByTrust = login?.isByTrust === true
        if (isAnother || login?.isStepUp !== true) this.begunAt = now()
        this.usedAt = now()
      }
      model.prototype.save = function (this: SessionLimited & SessionModel['prototype'], ttl) {
        if (this.accountId && now() - (this.usedAt ?? 0) >= STEP_SECONDS) this.usedAt = now()
        return save.call(this, ttl)
      }
    },
  }
}
