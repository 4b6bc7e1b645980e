import type { Model } from 'mongoose'
import type { Audit, EventSubject } from '../audit/index.ts'
import type { MembershipDocument } from './membership.model.ts'
import { ADMINISTRATOR } from './permissions.ts'
import { refusals } from './refusals.ts'
import type { RoleDocument } from './role.model.ts'

/** Those who have roles of their own, for whomever they act, or will have them. */
export interface RoleHolders {
  readonly countRole: (role: string) => Promise<number>
  /** Takes a role from everybody who has it. */
  readonly takeRole: (role: string, subject?: EventSubject) => Promise<void>
}

/** Everybody outside of this room who has roles. */
export interface AllHolders {
  readonly accounts: RoleHolders
  /** People whose account gets the role when they make it. */
  readonly invitations: RoleHolders
}

/** Takes a role from everybody: accounts, members of organizations, and those who are invited. */
export type TakeFromAll = (role: string, subject: EventSubject) => Promise<void>

/** Deleting a role. */
export interface DeleteRole {
  /**
   * Deletes a role that nobody has; with `isForced` it is taken from everybody first. What was cut off is done by
   * deleting it once more.
   * @throws Refusal `role.unknown`, `role.needed`, `role.in_use`
   */
  readonly delete: (name: string, options?: { readonly isForced?: boolean }, subject?: EventSubject) => Promise<void>
}

interface Dependencies {
  readonly memberships: Model<MembershipDocument>
  readonly holders: () => AllHolders
  readonly audit: Audit
}

interface DeleteDependencies extends Dependencies {
  readonly model: Model<RoleDocument>
  readonly takeFromAll: TakeFromAll
  /** @throws Refusal `role.unknown` */
  readonly check: (names: readonly string[]) => Promise<void>
}

/** Taking a role away, from accounts and on these memberships. */
export function createTakeFromAll({ memberships, holders, audit }: Dependencies): TakeFromAll {
  return async (role, subject) => {
    // First whoever could pass it on.
    await holders().invitations.takeRole(role, subject)
    await holders().accounts.takeRole(role, subject)
    const members = memberships.find({ roles: role }).lean<MembershipDocument>().cursor()
    for await (const { _id, organizationId, accountId } of members) {
      const { modifiedCount } = await memberships.updateOne({ _id }, { $pull: { roles: role } })
      if (modifiedCount === 1)
        await audit.record('organization.member_role_removed', { ...subject, accountId }, { organizationId, role })
    }
  }
}

/** Deleting roles, on this model. */
export function createDeleteRole(deps: DeleteDependencies): DeleteRole {
  const { model, memberships, holders, audit, takeFromAll, check } = deps
  const refuseHeld = async (name: string) => {
    const [accounts, members, invitations] = await Promise.all([
      holders().accounts.countRole(name),
      memberships.countDocuments({ roles: name }),
      holders().invitations.countRole(name),
    ])
    if (accounts + members + invitations > 0) throw refusals.roleInUse(name, { accounts, members, invitations })
  }
  return {
    async delete(name, { isForced = false } = {}, subject = { actor: { type: 'system' } }) {
      if (name === ADMINISTRATOR) throw refusals.roleNeeded(name)
      await check([name])
      await (isForced ? takeFromAll(name, subject) : refuseHeld(name))
      const { deletedCount } = await model.deleteOne({ _id: name })
      if (deletedCount === 1) await audit.record('role.deleted', subject, { role: name })
      // Whoever was given it meanwhile. Who comes even later is seen to before a role of this name is made again.
      await takeFromAll(name, subject)
    },
  }
}
