import type { Model, UpdateQuery } from 'mongoose'
import type { Gathered } from '../platform/database/index.ts'
import { hashSecret } from '../platform/ids.ts'
import type { Sealer } from '../platform/seal.ts'
import { SESSION_EVIDENCE } from './assurance.ts'
import { type AttemptDocument, type Notice, type PendingChallenge, sealingContext } from './attempt.model.ts'
import { toDocument, toPending } from './attempt-document.ts'
import type { AttemptStart, TakenChallenge, Wants } from './attempt-parts.ts'
import type { Begun, Challenge, Evidence, Newcomer } from './method.ts'

/** So many failures in a row after something was proved, and the sign-in starts over: what was proved is forgotten. */
const MAX_FAILURES = 5

/** In place of a method: the person would like to choose one. */
export const CHOOSING = ''

/** A newcomer in an attempt. */
export type ArrivedNewcomer = Newcomer & {
  /** Whether they say that they have an account here. */
  readonly hasAccount: boolean
}

/** A sign-in under way: who it is about, what was chosen, and what was proved so far. */
export interface Attempt {
  readonly uid: string
  readonly identifier?: string | undefined
  /** What to fill in for the person, never taken as said by them. */
  readonly suggestedIdentifier?: string | undefined
  readonly method?: string | undefined
  readonly evidence: readonly Evidence[]
  /** Whether everything has to be proved anew, whoever is signed in already. */
  readonly isAnew: boolean
  readonly minimumAcr?: string | undefined
  readonly wishedAcrs: readonly string[]
  readonly notice?: Notice | undefined
  /** Whether the person would like to stay signed in. */
  readonly keeps: boolean
  /** Whether the person would like this browser to be trusted. */
  readonly trusts: boolean
  /** The hash of the secret of this browser, if it has one that is trusted. */
  readonly device?: string | undefined
  /** Somebody who proved elsewhere who they are, and is nobody here yet. */
  readonly newcomer?: ArrivedNewcomer | undefined
  /** The challenge that was made last, as it is kept; whether it can be answered is for `challengeOf` to say. */
  readonly pending?: Readonly<PendingChallenge> | undefined
  readonly expiresAt: Date
}

/** Attempts, as the other verbs of this room use them. */
export interface Attempts {
  /**
   * Opens an attempt; one that is there already stays as it is.
   * @param beginFirst makes the challenge that it opens with, if any
   */
  open(
    start: AttemptStart,
    beginFirst?: (attempt: Attempt) => Promise<{ method: string; begun: Begun<unknown> } | undefined>,
  ): Promise<{ attempt: Attempt; isNew: boolean }>
  find(uid: string): Promise<Attempt | undefined>
  /** @returns the attempt as it is from then on; undefined when there is none */
  identify(uid: string, identifier: string | undefined): Promise<Attempt | undefined>
  /** Keeps what the next page has to say, and what was typed if it could not be used. @returns as `identify` */
  notify(uid: string, notice: Notice, typed?: string): Promise<Attempt | undefined>
  choose(uid: string, method: string | undefined): Promise<void>
  keepChallenge(uid: string, method: string, begun: Begun<unknown>): Promise<void>
  /** The challenge of this method that waited for an answer when the attempt was read. */
  challengeOf(attempt: Attempt, method: string): Challenge | undefined
  /** Takes one try of the challenge that waits; undefined when there is none, or no try is left. */
  takeTry(uid: string, method: string): Promise<TakenChallenge | undefined>
  /** A proof failed: counted, and after too many the sign-in starts over. */
  fail(uid: string, method: string, cause: string): Promise<void>
  /** Keeps a proof and uses up its challenge. @returns undefined when the challenge was used up by another proof */
  append(
    uid: string,
    evidence: Evidence,
    more?: { readonly challenge?: TakenChallenge | undefined; readonly wants?: Wants | undefined },
  ): Promise<Attempt | undefined>
  /** Keeps somebody who is nobody here yet, and uses up their challenge. @returns false when another proof used it up */
  welcome(uid: string, newcomer: Newcomer, challenge: TakenChallenge): Promise<boolean>
  /** The newcomer says that they have an account here. */
  claimAccount(uid: string): Promise<void>
  /** The newcomer has an account now, or wants none. @returns whether there was one */
  forgetNewcomer(uid: string): Promise<boolean>
  /** Whatever was proved of this account in any sign-in under way is worth nothing from now on. */
  forgetProofsOf(accountId: string): Promise<void>
  /**
   * The session that this sign-in adds to is over: what was proved on top of it goes with it.
   * @returns whether anything was built on it
   */
  forgetSession(uid: string): Promise<boolean>
  findRequest(uid: string): Promise<Record<string, unknown> | undefined>
}

/** Where attempts are kept: every page of a sign-in asks for its own, so looking one up is gathered, and opening one. */
interface Dependencies {
  readonly model: Model<AttemptDocument>
  readonly gathered: Pick<Gathered<AttemptDocument>, 'find' | 'insert'>
  readonly sealer: Sealer
}

/** Attempts on this model. Every change is one conditional update of one document; expiry is checked on read. */
export function createAttempts({ model, gathered, sealer }: Dependencies): Attempts {
  const live = (uid: string) => ({ _id: hashSecret(uid), expiresAt: { $gt: new Date() } })
  const context = (uid: string, part: 'pending' | 'request' | 'newcomer') =>
    sealingContext(part)({ _id: hashSecret(uid) })
  const waiting = (uid: string, method: string) => ({
    ...live(uid),
    'pending.method': method,
    'pending.triesLeft': { $gt: 0 },
    'pending.expiresAt': { $gt: new Date() },
  })
  const openNewcomer = (uid: string, { newcomer }: AttemptDocument): ArrivedNewcomer | undefined =>
    newcomer && {
      ...JSON.parse(sealer.open(newcomer.sealed, context(uid, 'newcomer'))),
      hasAccount: newcomer.hasAccount,
    }
  const present = (uid: string, document: AttemptDocument): Attempt => ({
    uid,
    identifier: document.identifier,
    suggestedIdentifier: document.suggestedIdentifier,
    method: document.method,
    evidence: document.evidence,
    isAnew: document.isAnew ?? false,
    minimumAcr: document.minimumAcr,
    wishedAcrs: document.wishedAcrs,
    notice: document.notice,
    keeps: document.keeps === true,
    trusts: document.trusts === true,
    device: document.device,
    newcomer: openNewcomer(uid, document),
    pending: document.pending,
    expiresAt: document.expiresAt,
  })
  const open = (uid: string, { sealed }: PendingChallenge): { challenge: Challenge; state: unknown } =>
    JSON.parse(sealer.open(sealed, context(uid, 'pending')))
  const waitingFor = (uid: string, method: string, begun: Begun<unknown>) => ({
    method,
    pending: toPending(uid, method, begun, sealer),
  })
  /** Changes it, and reads it in the same command. */
  const change = async (uid: string, update: UpdateQuery<AttemptDocument>, when: object = {}) => {
    const document = await model
      .findOneAndUpdate({ ...live(uid), ...when }, update, { returnDocument: 'after' })
      .lean<AttemptDocument>()
    return document ?? undefined
  }
  const changed = async (...args: Parameters<typeof change>) => {
    const document = await change(...args)
    return document && present(args[0], document)
  }

  return {
    async open(start, beginFirst) {
      const { uid } = start
      const document = toDocument(start, sealer)
      const first = await beginFirst?.(present(uid, document))
      const opened = first ? { ...document, ...waitingFor(uid, first.method, first.begun) } : document
      if (await gathered.insert(opened)) return { attempt: present(uid, opened), isNew: true }
      const before = await gathered.find(opened._id)
      if (!before) throw new Error('a sign-in that was there is gone')
      return { attempt: present(uid, before), isNew: false }
    },

    async find(uid) {
      const document = await gathered.find(hashSecret(uid))
      return document && document.expiresAt > new Date() ? present(uid, document) : undefined
    },

    // Another person's proof is worth nothing for this one: what was proved and chosen goes with the identifier.
    async identify(uid, identifier) {
      const forget = { method: 1, pending: 1, notice: 1, suggestedIdentifier: 1 }
      const update = identifier
        ? { $set: { identifier, evidence: [], failures: 0 }, $unset: forget }
        : { $set: { evidence: [], failures: 0 }, $unset: { ...forget, identifier: 1, newcomer: 1 } }
      return changed(uid, update)
    },

    notify: (uid, notice, typed) =>
      changed(uid, { $set: { notice, ...(typed ? { suggestedIdentifier: typed } : {}) } }),

    // What waits stays: whoever looks at the other ways may come back to it.
    async choose(uid, method) {
      await model.updateOne(live(uid), { $set: { method: method ?? CHOOSING }, $unset: { notice: 1 } })
    },

    async keepChallenge(uid, method, begun) {
      await model.updateOne(live(uid), { $set: waitingFor(uid, method, begun), $unset: { notice: 1 } })
    },

    challengeOf({ uid, pending, expiresAt }, method) {
      const now = new Date()
      if (pending?.method !== method || pending.triesLeft <= 0) return undefined
      return pending.expiresAt > now && expiresAt > now ? open(uid, pending).challenge : undefined
    },

    // Counted before it is looked at: whatever the proof turns out to be, parallel tries cannot pass the limit.
    async takeTry(uid, method) {
      const document = await model
        .findOneAndUpdate(waiting(uid, method), { $inc: { 'pending.triesLeft': -1 } })
        .lean<AttemptDocument>()
      return document?.pending && { nonce: document.pending.nonce, state: open(uid, document.pending).state }
    },

    async fail(uid, method, cause) {
      const notice = { reason: 'failed', method, cause }
      const document = await change(uid, { $inc: { failures: 1 }, $set: { notice } })
      // It stays until it is replaced: another proof that took its try in time may still be under way.
      const { pending } = document ?? {}
      if (pending?.method === method && pending.tries > 1 && pending.triesLeft <= 0) {
        const spent = { ...live(uid), 'pending.nonce': pending.nonce }
        await model.updateOne(spent, { $set: { notice: { reason: 'used_up', method, cause } } })
      }
      if (document && document.evidence.length > 0 && document.failures >= MAX_FAILURES) {
        const over = { $set: { evidence: [], failures: 0, notice: { reason: 'started_over', method } } }
        await model.updateOne(live(uid), { ...over, $unset: { method: 1, pending: 1 } })
      }
    },

    append: (uid, evidence, { challenge, wants = {} } = {}) =>
      changed(
        uid,
        { $push: { evidence }, $set: { failures: 0, ...wants }, $unset: { method: 1, notice: 1, pending: 1 } },
        challenge ? { 'pending.nonce': challenge.nonce } : {},
      ),

    async welcome(uid, newcomer, { nonce }) {
      const sealed = sealer.seal(JSON.stringify(newcomer), context(uid, 'newcomer'))
      const { modifiedCount } = await model.updateOne(
        { ...live(uid), 'pending.nonce': nonce },
        {
          $set: { newcomer: { sealed, hasAccount: false }, evidence: [], failures: 0 },
          $unset: { identifier: 1, suggestedIdentifier: 1, method: 1, notice: 1, pending: 1 },
        },
      )
      return modifiedCount === 1
    },
    async claimAccount(uid) {
      await model.updateOne({ ...live(uid), newcomer: { $exists: true } }, { $set: { 'newcomer.hasAccount': true } })
    },
    async forgetNewcomer(uid) {
      const { modifiedCount } = await model.updateOne(
        { ...live(uid), newcomer: { $exists: true } },
        { $unset: { newcomer: 1 } },
      )
      return modifiedCount === 1
    },

    async forgetProofsOf(accountId) {
      await model.updateMany(
        { 'evidence.accountId': accountId },
        { $set: { evidence: [], failures: 0 }, $unset: { method: 1, pending: 1, notice: 1 } },
      )
    },

    async forgetSession(uid) {
      const { matchedCount } = await model.updateOne(
        { ...live(uid), 'evidence.method': SESSION_EVIDENCE },
        { $set: { evidence: [], failures: 0, notice: { reason: 'session_ended' } }, $unset: { method: 1, pending: 1 } },
      )
      return matchedCount > 0
    },

    async findRequest(uid) {
      const document = await model
        .findOne({ _id: hashSecret(uid), forgottenAt: { $gt: new Date() } })
        .lean<AttemptDocument>()
      return document ? JSON.parse(sealer.open(document.request, context(uid, 'request'))) : undefined
    },
  }
}
