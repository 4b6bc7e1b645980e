import { isDeepStrictEqual } from 'node:util'
import type { AdapterPayload } from 'oidc-provider'
import type { Units } from '../../platform/database/index.ts'
import type { SessionEnds } from '../session-ends.ts'
import { type Artifacts, grantIdsOf } from './artifacts.ts'
import { mergeSessions } from './merge-sessions.ts'

const KIND = 'Session'
/** An expiry that moved by less is not worth a write: a minute, or a tenth of a short life. */
const LEEWAY_SECONDS = 60
const leewayOf = (expiresIn: number) => Math.min(LEEWAY_SECONDS, expiresIn / 10)

/** What a session gave an app. */
export interface Authorization {
  readonly sid?: string | undefined
  readonly grantId?: string | undefined
}

/**
 * Where a session is after it was saved: with an id or a life that the browser has to be told of, just where the browser
 * knows it to be, with another id that another answer tells of, or nowhere.
 */
export type Kept = 'here' | 'known' | 'elsewhere' | 'gone'

/** Sessions as the requests of one browser see and change them at the same time. */
export interface Sessions {
  /** Told of each session that a request found. */
  note(payload: AdapterPayload): void
  /** The session that this request found gets a new id when it is saved. */
  renew(): void
  /** Saves what this request made of its session. */
  keep(id: string, payload: AdapterPayload, expiresIn: number): Promise<Kept>
  /**
   * Ends a session for everybody: its clients are told and what it granted is revoked before it is deleted, so that no
   * crash leaves any of it behind with nobody who knows of it. An app that joins meanwhile is one of them, or does not
   * join. @returns whether there was one
   */
  end(id: string): Promise<boolean>
  /**
   * Ends a session that ran out, if it still has: its clients are told before it is deleted. What was granted for as long
   * as it lasts is worth nothing without it, and what was granted beyond that (`offline_access`) goes on.
   * @returns whether this call is the one that ended it
   */
  expire(session: Pick<AdapterPayload, 'jti' | 'uid'>): Promise<boolean>
  /**
   * An app joins the session that this request found, at once, so that another request of the same browser does not let
   * it join with another grant. @returns what it has now, by whichever request; undefined when the session is over, or
   * is somebody else's
   */
  join(
    session: { accountId?: string | undefined },
    clientId: string,
    own: Authorization,
  ): Promise<Authorization | undefined>
}

interface Found {
  /** The session as it was found, as text: the library goes on to work on what it is given. */
  readonly text: string
  readonly id: string
  readonly uid: string
  isRenewed: boolean
}

interface Dependencies {
  readonly artifacts: Artifacts
  readonly units: Units
  /** Keeps who is to be told that a session is over. */
  readonly tell: SessionEnds['tell']
}

/**
 * Sessions on these records. Every request of a browser pushes the expiry of its session a little further; one that
 * changed in nothing else is not written again, so it may end earlier than it could, never later. One that was ended
 * while a request was under way stays ended. What several requests change at the same time is put together: each writes
 * only over what it has read.
 */
export function createSessions({ artifacts, units, tell }: Dependencies): Sessions {
  const found = units.known<Found>()
  const note = (payload: AdapterPayload) => {
    if (payload.uid === undefined) return
    const { jti: id = '', uid } = payload
    found.set({ text: JSON.stringify(payload), id, uid, isRenewed: found.get()?.isRenewed ?? false })
  }

  /** Where the session got another id meanwhile, it is still the same session, if it is still the same person's. */
  const amend = (
    { id, uid }: Pick<Found, 'id' | 'uid'>,
    accountId: string | undefined,
    change: (theirs: AdapterPayload) => AdapterPayload,
    expiresIn?: number,
  ) =>
    artifacts.amend(
      KIND,
      { id, uid },
      (theirs) => (theirs.accountId === undefined || theirs.accountId === accountId ? change(theirs) : undefined),
      expiresIn,
    )

  async function keepChanged(before: Found, payload: AdapterPayload, expiresIn: number): Promise<Kept> {
    const base: AdapterPayload = JSON.parse(before.text)
    const kept = await amend(before, payload.accountId, (theirs) => mergeSessions(base, payload, theirs), expiresIn)
    if (!kept) return 'gone'
    note(kept)
    return kept.jti === payload.jti ? 'here' : 'elsewhere'
  }

  async function keepRenewed(before: Found, id: string, payload: AdapterPayload, expiresIn: number): Promise<Kept> {
    const base: AdapterPayload = JSON.parse(before.text)
    const merge = (theirs: AdapterPayload) => ({ ...mergeSessions(base, payload, theirs), jti: id })
    const isMoved = await artifacts.move(KIND, { from: before.id, to: id }, merge, expiresIn)
    if (isMoved) {
      note(isMoved)
      return 'here'
    }
    // Another request has given it an id, or ended it.
    const kept = await keepChanged(before, payload, expiresIn)
    if (kept !== 'gone' || base.loginTs === payload.loginTs) return kept
    // Whoever has proved who they are has a session, whatever became of the one before.
    await artifacts.upsert(KIND, id, payload, expiresIn)
    return 'here'
  }

  return {
    note,
    renew() {
      const before = found.get()
      if (before) before.isRenewed = true
    },
    async keep(id, payload, expiresIn) {
      const before = found.get()
      if (!before || before.uid !== payload.uid) {
        await artifacts.upsert(KIND, id, payload, expiresIn)
        return 'here'
      }
      if (before.isRenewed && before.id !== id) return keepRenewed(before, id, payload, expiresIn)
      const base: AdapterPayload = JSON.parse(before.text)
      const moved = Number(payload.exp) - Number(base.exp)
      const isSame = isDeepStrictEqual({ ...base, exp: payload.exp }, payload)
      const hasMoved = moved < 0 || moved >= leewayOf(expiresIn)
      const kept = isSame && !hasMoved ? 'here' : await keepChanged(before, payload, expiresIn)
      const isKnown = before.id === id && (payload.transient === true || !hasMoved)
      return kept === 'here' && isKnown ? 'known' : kept
    },
    async end(id) {
      const before = found.get()
      const uid = before?.id === id ? before.uid : undefined
      const ended = await artifacts.end(KIND, { id, uid }, async (session) => {
        await tell(session)
        await Promise.all(grantIdsOf(session.authorizations ?? {}).map(artifacts.revokeGrant))
      })
      return ended !== undefined
    },
    async expire({ jti = '', uid }) {
      return (await artifacts.endExpired(KIND, { id: jti, uid }, tell)) !== undefined
    },
    async join({ accountId }, clientId, own) {
      const before = found.get()
      if (!before) return own
      const known = (JSON.parse(before.text) as AdapterPayload).authorizations?.[clientId]
      const kept = await amend(before, accountId, (theirs) => {
        const theirOwn = theirs.authorizations?.[clientId]
        // The one that this request knows of is of no use any more, or it would not ask.
        if (theirOwn?.grantId && theirOwn.grantId !== known?.grantId) return theirs
        return { ...theirs, authorizations: { ...theirs.authorizations, [clientId]: { ...theirOwn, ...own } } }
      })
      return kept?.authorizations?.[clientId]
    },
  }
}
