import type { Model } from 'mongoose'
import type { Account } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import type { Credentials } from './credentials.ts'
import type { EnrolmentChallenge } from './enrollable.ts'
import type { Enrolment, EnrolmentOutcome } from './enrolment.ts'
import type { ShortcutDocument } from './shortcut.model.ts'
import type { SignInView } from './view.ts'

/** Whose shortcut it is, and where they ask for it. */
export interface ShortcutRequest {
  readonly account: Account
  readonly origin: Origin
  readonly locale?: string | undefined
}

/** The offer of a passkey to whoever has just signed in by password, so that the next time is faster. */
export interface Shortcut {
  /** Whether it may be offered to this sign-in now. */
  isDue(view: SignInView): Promise<boolean>
  /** What the page hands to the browser. */
  begin(request: ShortcutRequest): Promise<EnrolmentChallenge | undefined>
  /** The browser made one. @throws Refusal `enrolment.form_invalid` */
  accept(request: ShortcutRequest, body: unknown): Promise<EnrolmentOutcome>
  /** Not now. */
  postpone(account: Account): Promise<void>
  /** Never again. */
  decline(request: ShortcutRequest): Promise<void>
}

interface Dependencies {
  readonly model: Model<ShortcutDocument>
  readonly credentials: Credentials
  readonly enrolment: Enrolment
  readonly audit: Audit
}

const METHOD = 'passkey'
/** A password that was proved longer ago is no fresh one. */
const FRESH_MS = 5 * 60_000
/** Whoever said 'not now' is left alone so long. */
const PAUSE_MS = 30 * 24 * 60 * 60_000

/** The offer, with what people answered to it kept on this model. */
export function createShortcut({ model, credentials, enrolment, audit }: Dependencies): Shortcut {
  const isAvailable = enrolment.methods.includes(METHOD)
  const requestOf = (request: ShortcutRequest) => ({ ...request, method: METHOD, isShortcut: true })
  const wasAnswered = async (_id: string) =>
    (await model.exists({ _id, $or: [{ declinedAt: { $exists: true } }, { askAgainAt: { $gt: new Date() } }] })) !==
    null

  return {
    async isDue({ account, attempt, plan, mayAdd }) {
      if (!isAvailable || !account || plan.step !== 'enough' || !mayAdd) return false
      const since = Date.now() - FRESH_MS
      const isFresh = attempt.evidence.some(({ method, at }) => method === 'password' && at.getTime() > since)
      return isFresh && !(await credentials.has(account.id, METHOD)) && !(await wasAnswered(account.id))
    },
    begin: (request) => enrolment.begin(requestOf(request), {}),
    accept: (request, body) => enrolment.confirm(requestOf(request), body),
    async postpone({ id }) {
      const askAgainAt = new Date(Date.now() + PAUSE_MS)
      await model.updateOne({ _id: id }, { $set: { askAgainAt } }, { upsert: true })
    },
    async decline({ account: { id }, origin }) {
      await model.updateOne({ _id: id }, { $set: { declinedAt: new Date() } }, { upsert: true })
      await audit.record('credential.offer_declined', { accountId: id, origin }, { method: METHOD })
    },
  }
}
