import type { Model } from 'mongoose'
import { hashSecret, newId } from '../platform/ids.ts'
import type { Sealer } from '../platform/seal.ts'
import { type AttemptDocument, type Notice, sealingContext } from './attempt.model.ts'
import type { Challenge, Evidence } from './method.ts'

const PENDING_SECONDS = 15 * 60
const REMEMBERED_SECONDS = 24 * 60 * 60

/** A sign-in under way: who it is about, what was chosen, and what was proved so far. */
export interface Attempt {
  readonly uid: string
  readonly identifier?: string | undefined
  /** What to fill in for the person, never taken as said by them. */
  readonly suggestedIdentifier?: string | undefined
  readonly method?: string | undefined
  readonly evidence: readonly Evidence[]
  readonly notice?: Notice | undefined
  readonly expiresAt: Date
}

/** What an attempt starts from. */
export interface AttemptStart {
  readonly uid: string
  readonly request: Readonly<Record<string, unknown>>
  readonly identifier?: string | undefined
  readonly suggestedIdentifier?: string | undefined
  readonly expiresAt: Date
}

/** Attempts, as the other verbs of this room use them. */
export interface Attempts {
  open(start: AttemptStart): Promise<{ attempt: Attempt; isNew: boolean }>
  find(uid: string): Promise<Attempt | undefined>
  identify(uid: string, identifier: string | undefined): Promise<void>
  /** Keeps what the next page has to say, and what was typed if it could not be used. */
  notify(uid: string, notice: Notice, typed?: string): Promise<void>
  choose(uid: string, method: string | undefined): Promise<void>
  keepChallenge(uid: string, method: string, kept: { challenge: Challenge; state?: unknown }): Promise<void>
  findChallenge(uid: string, method: string): Promise<Challenge | undefined>
  takeState(uid: string, method: string): Promise<unknown>
  append(uid: string, evidence: Evidence): Promise<Attempt | undefined>
  findRequest(uid: string): Promise<Record<string, unknown> | undefined>
}

const present = (uid: string, document: AttemptDocument): Attempt => ({
  uid,
  identifier: document.identifier,
  suggestedIdentifier: document.suggestedIdentifier,
  method: document.method,
  evidence: document.evidence,
  notice: document.notice,
  expiresAt: document.expiresAt,
})

/** Attempts on this model. Every change is one conditional update of one document; expiry is checked on read. */
export function createAttempts(model: Model<AttemptDocument>, sealer: Sealer): Attempts {
  const live = (uid: string) => ({ _id: hashSecret(uid), expiresAt: { $gt: new Date() } })
  const context = (uid: string, part: 'pending' | 'request') => sealingContext(part)({ _id: hashSecret(uid) })

  return {
    async open({ uid, request, expiresAt, identifier, suggestedIdentifier }) {
      const now = new Date()
      const before = await model
        .findOneAndUpdate(
          { _id: hashSecret(uid) },
          {
            $setOnInsert: {
              evidence: [],
              request: sealer.seal(JSON.stringify(request), context(uid, 'request')),
              createdAt: now,
              expiresAt,
              forgottenAt: new Date(expiresAt.getTime() + REMEMBERED_SECONDS * 1000),
              ...(identifier ? { identifier } : {}),
              ...(suggestedIdentifier ? { suggestedIdentifier } : {}),
            },
          },
          { upsert: true, includeResultMetadata: true, returnDocument: 'after' },
        )
        .lean<{ value: AttemptDocument; lastErrorObject: { updatedExisting: boolean } }>()
      return { attempt: present(uid, before.value), isNew: !before.lastErrorObject.updatedExisting }
    },

    async find(uid) {
      const document = await model.findOne(live(uid)).lean<AttemptDocument>()
      return document ? present(uid, document) : undefined
    },

    // Another person's proof is worth nothing for this one: what was proved and chosen goes with the identifier.
    async identify(uid, identifier) {
      const forget = { method: 1, pending: 1, notice: 1, suggestedIdentifier: 1 }
      const change = identifier
        ? { $set: { identifier, evidence: [] }, $unset: forget }
        : { $set: { evidence: [] }, $unset: { ...forget, identifier: 1 } }
      await model.updateOne(live(uid), change)
    },

    async notify(uid, notice, typed) {
      await model.updateOne(live(uid), { $set: { notice, ...(typed ? { suggestedIdentifier: typed } : {}) } })
    },

    async choose(uid, method) {
      await model.updateOne(
        live(uid),
        method ? { $set: { method }, $unset: { notice: 1 } } : { $unset: { method: 1, pending: 1, notice: 1 } },
      )
    },

    async keepChallenge(uid, method, kept) {
      const pending = {
        method,
        nonce: newId(),
        sealed: sealer.seal(JSON.stringify(kept), context(uid, 'pending')),
        expiresAt: new Date(Date.now() + PENDING_SECONDS * 1000),
      }
      await model.updateOne(live(uid), { $set: { pending, method }, $unset: { notice: 1 } })
    },

    async findChallenge(uid, method) {
      const waiting = { ...live(uid), 'pending.method': method, 'pending.expiresAt': { $gt: new Date() } }
      const document = await model.findOne(waiting).lean<AttemptDocument>()
      if (!document?.pending) return undefined
      return JSON.parse(sealer.open(document.pending.sealed, context(uid, 'pending'))).challenge
    },

    // Burnt before it is looked at: whatever the proof turns out to be, this challenge cannot be answered twice.
    async takeState(uid, method) {
      const waiting = { ...live(uid), 'pending.method': method, 'pending.expiresAt': { $gt: new Date() } }
      const before = await model.findOneAndUpdate(waiting, { $unset: { pending: 1 } }).lean<AttemptDocument>()
      if (!before?.pending) return undefined
      return JSON.parse(sealer.open(before.pending.sealed, context(uid, 'pending'))).state
    },

    async append(uid, evidence) {
      const document = await model
        .findOneAndUpdate(
          live(uid),
          { $push: { evidence }, $unset: { method: 1, notice: 1 } },
          { returnDocument: 'after' },
        )
        .lean<AttemptDocument>()
      return document ? present(uid, document) : undefined
    },

    async findRequest(uid) {
      const document = await model
        .findOne({ _id: hashSecret(uid), forgottenAt: { $gt: new Date() } })
        .lean<AttemptDocument>()
      return document ? JSON.parse(sealer.open(document.request, context(uid, 'request'))) : undefined
    },
  }
}
