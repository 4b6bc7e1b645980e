import type { Model } from 'mongoose'
import type { Audit, EventSubject } from '../audit/index.ts'
import type { AccountDocument, AccountStatus } from './model.ts'
import { refusals } from './refusals.ts'

/** Changing whether an account may be used. */
export interface Standing {
  /** Suspends an account: it cannot sign in, and all its sessions and grants end. */
  readonly suspend: (id: string, reason?: string, subject?: EventSubject) => Promise<void>
  /** Lets a suspended account sign in again. */
  readonly reactivate: (id: string, subject?: EventSubject) => Promise<void>
  /** Closes an account for good. */
  readonly close: (id: string, subject?: EventSubject) => Promise<void>
}

interface Dependencies {
  readonly model: Model<AccountDocument>
  readonly audit: Audit
  readonly onEnded: (accountId: string, reason: string) => Promise<void>
}

/**
 * Changing standing, on this model.
 * @throws Refusal `account.unknown` when there is no such account, or it is closed
 */
export function createStanding({ model, audit, onEnded }: Dependencies): Standing {
  const change = async (id: string, status: AccountStatus) => {
    const { matchedCount } = await model.updateOne(
      { _id: id, status: { $ne: 'closed' } },
      { $set: { status, updatedAt: new Date() } },
    )
    if (matchedCount === 0) throw refusals.unknown()
  }
  const system = { actor: { type: 'system' } } as const
  return {
    suspend: async (id, reason, subject = system) => {
      await change(id, 'suspended')
      await onEnded(id, 'account.suspended')
      await audit.record('account.suspended', { ...subject, accountId: id }, reason ? { reason } : {})
    },
    reactivate: async (id, subject = system) => {
      await change(id, 'active')
      await audit.record('account.reactivated', { ...subject, accountId: id }, {})
    },
    close: async (id, subject = system) => {
      // Nobody closes it again once it is closed: until all has ended it is suspended, so that what was cut off can be
      // done once more.
      await change(id, 'suspended')
      await onEnded(id, 'account.closed')
      await change(id, 'closed')
      await audit.record('account.closed', { ...subject, accountId: id }, {})
    },
  }
}
