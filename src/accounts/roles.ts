import type { Model } from 'mongoose'
import type { Audit, EventSubject } from '../audit/index.ts'
import type { AccountDocument } from './model.ts'
import { refusals } from './refusals.ts'

/** Changing what an account is. */
export interface AccountRoles {
  /** Gives a role. @throws Refusal `account.unknown`, `role.unknown` */
  readonly addRole: (id: string, role: string, subject?: EventSubject) => Promise<void>
  /** Takes a role away: what it allowed ends with the next token. @throws Refusal `account.unknown` */
  readonly removeRole: (id: string, role: string, subject?: EventSubject) => Promise<void>
  /** How many accounts have this role that are not closed for good. */
  readonly countRole: (role: string) => Promise<number>
  /** Takes a role away from every account. */
  readonly takeRole: (role: string, subject?: EventSubject) => Promise<void>
}

interface Dependencies {
  readonly model: Model<AccountDocument>
  readonly audit: Audit
  readonly checkRoles: (names: readonly string[]) => Promise<void>
}

/** Changing roles, on this model. What changes nothing is not told to the trail. */
export function createAccountRoles({ model, audit, checkRoles }: Dependencies): AccountRoles {
  const system = { actor: { type: 'system' } } as const
  const change = async (id: string, has: object, update: object) => {
    const { matchedCount } = await model.updateOne({ _id: id, ...has }, { ...update, $set: { updatedAt: new Date() } })
    if (matchedCount === 0 && !(await model.exists({ _id: id }))) throw refusals.unknown()
    return matchedCount === 1
  }
  const removeRole: AccountRoles['removeRole'] = async (id, role, subject = system) => {
    const isChanged = await change(id, { roles: role }, { $pull: { roles: role } })
    if (isChanged) await audit.record('account.role_removed', { ...subject, accountId: id }, { role })
  }
  return {
    async addRole(id, role, subject = system) {
      await checkRoles([role])
      const isChanged = await change(id, { roles: { $ne: role } }, { $addToSet: { roles: role } })
      if (isChanged) await audit.record('account.role_added', { ...subject, accountId: id }, { role })
    },
    removeRole,
    countRole: (role) => model.countDocuments({ roles: role, status: { $ne: 'closed' } }),
    async takeRole(role, subject = system) {
      for await (const { _id } of model.find({ roles: role }).lean<AccountDocument>().cursor())
        await removeRole(_id, role, subject)
    },
  }
}
