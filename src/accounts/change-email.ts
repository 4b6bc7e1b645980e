import type { Model } from 'mongoose'
import type { Audit, EventSubject } from '../audit/index.ts'
import { hashSecret, newSecret } from '../platform/ids.ts'
import type { EmailChangeDocument } from './email-change.model.ts'
import { normaliseIdentifier } from './identifier.ts'
import { type Account, type AccountDocument, toAccount } from './model.ts'
import { refusals } from './refusals.ts'

/** What undoes a change: for the old address only. */
export interface Undo {
  readonly token: string
  readonly expiresAt: Date
}

/** Changing and proving the e-mail address of an account. Whoever calls these has seen the proof. */
export interface ChangeEmail {
  /** Notes that the owner reads this mailbox, if it is still the account's. */
  readonly verifyEmail: (id: string, email: string, subject?: EventSubject) => Promise<boolean>
  /** Changes it. @throws Refusal `account.unknown`, `account.exists`, `account.identifier_invalid` */
  readonly changeEmail: (id: string, to: string, subject?: EventSubject) => Promise<Undo>
  /** Which address this token would bring back. */
  readonly findUndo: (token: string) => Promise<string | undefined>
  /**
   * Brings the old address back, whatever happened to it since, and ends every session and grant: whoever changed it
   * against the owner's will is out. Later changes can no longer be undone.
   * @throws Refusal `account.undo_gone`, `account.exists`
   */
  readonly undoEmailChange: (token: string, subject?: EventSubject) => Promise<Account>
}

interface Dependencies {
  readonly model: Model<AccountDocument>
  readonly changes: Model<EmailChangeDocument>
  readonly audit: Audit
  readonly onEnded: (accountId: string, reason: string) => Promise<void>
}

const DUPLICATE_KEY = 11000
/** So often somebody else may have been faster. */
const TRIES = 20
const UNDO_SECONDS = 7 * 24 * 60 * 60

/** Changing addresses, on these models. */
export function createChangeEmail({ model, changes, audit, onEnded }: Dependencies): ChangeEmail {
  const live = (token: string) => ({ _id: hashSecret(token), expiresAt: { $gt: new Date() } })

  /** Gives the account this address. @returns the account as it was before */
  const replace = async (id: string, to: string): Promise<AccountDocument> => {
    const identifier = normaliseIdentifier(to)
    if (!identifier) throw refusals.identifierInvalid()
    const change = { identifier, email: to.normalize('NFKC').trim(), isEmailVerified: true, updatedAt: new Date() }
    const open = { _id: id, status: { $ne: 'closed' } } as const
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = await model.findOne(open).lean<AccountDocument>()
      if (!before) throw refusals.unknown()
      // Names the old one: the sharding key is changed by whoever knows it, and nobody else changed it meanwhile.
      const { matchedCount } = await model
        .updateOne({ ...open, identifier: before.identifier }, { $set: change })
        .catch((error: unknown) => {
          throw (error as { code?: unknown }).code === DUPLICATE_KEY ? refusals.exists(error) : error
        })
      if (matchedCount === 1) return before
    }
    throw new Error('an address is changed all the time')
  }

  return {
    async verifyEmail(id, email, subject = {}) {
      const { modifiedCount } = await model.updateOne(
        { _id: id, identifier: normaliseIdentifier(email) ?? '', isEmailVerified: false },
        { $set: { isEmailVerified: true, updatedAt: new Date() } },
      )
      if (modifiedCount === 1) await audit.record('account.email_verified', { ...subject, accountId: id }, {})
      return modifiedCount === 1
    },

    async changeEmail(id, to, subject = {}) {
      const before = await replace(id, to)
      const token = newSecret()
      const changedAt = new Date()
      const expiresAt = new Date(changedAt.getTime() + UNDO_SECONDS * 1000)
      const document = { _id: hashSecret(token), accountId: id, from: before.email, to, changedAt, expiresAt }
      await changes.create(document)
      await audit.record('account.email_changed', { ...subject, accountId: id }, {})
      return { token, expiresAt }
    },

    findUndo: async (token) => (await changes.findOne(live(token)).lean<EmailChangeDocument>())?.from,

    async undoEmailChange(token, subject = {}) {
      const change = await changes.findOne(live(token)).lean<EmailChangeDocument>()
      if (!change) throw refusals.undoGone()
      const { accountId, from, changedAt } = change
      // Done twice at once it does the same; used up only when it was done.
      await replace(accountId, from)
      await changes.deleteMany({ accountId, changedAt: { $gte: changedAt } })
      await onEnded(accountId, 'account.email_restored')
      await audit.record('account.email_restored', { ...subject, accountId }, {})
      const account = await model.findOne({ _id: accountId }).lean<AccountDocument>()
      if (!account) throw refusals.unknown()
      return toAccount(account)
    },
  }
}
