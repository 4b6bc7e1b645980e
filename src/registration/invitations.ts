import type { Connection } from 'mongoose'
import type { Accounts } from '../accounts/index.ts'
import { normaliseIdentifier } from '../accounts/index.ts'
import type { Audit, EventSubject } from '../audit/index.ts'
import { type InvitedDocument, invitedModel } from './invitation.model.ts'
import { isWelcome, type RegistrationPolicy } from './policy.ts'
import { refusals } from './refusals.ts'

/** Somebody who may make an account. */
export interface Invited {
  readonly email: string
  readonly roles: readonly string[]
  readonly expiresAt: Date
}

/** Who is invited, by which address. There is no secret in it: whoever comes proves the mailbox, as everybody does. */
export interface InvitedAddresses {
  /**
   * Invites an address, or invites it anew, and writes there. Its account gets these roles on top.
   * @throws Refusal `registration.closed`, `registration.domain_not_allowed`, `account.identifier_invalid`,
   *   `account.exists`, or a role's that does not exist
   */
  readonly invite: (
    guest: { readonly email: string; readonly roles?: readonly string[]; readonly locale?: string | undefined },
    subject?: EventSubject,
  ) => Promise<Invited>
  /** @returns whether it was invited */
  readonly withdraw: (email: string, subject?: EventSubject) => Promise<boolean>
  /** Everybody whose invitation is good, the newest first. */
  readonly list: () => Promise<Invited[]>
  /** How many invitations that are good give this role. */
  readonly countRole: (role: string) => Promise<number>
  /** Takes a role out of every invitation. */
  readonly takeRole: (role: string, subject?: EventSubject) => Promise<void>
  /** Whether, and how, this address is invited. */
  readonly findInvited: (identifier: string) => Promise<Invited | undefined>
  /** They came. */
  readonly forget: (identifier: string) => Promise<void>
}

/** What invitations need from outside. */
export interface InvitationsDependencies {
  readonly connection: Connection
  readonly accounts: Accounts
  readonly audit: Audit
  readonly policy: RegistrationPolicy
  /** @throws Refusal when one of them does not exist */
  readonly checkRoles: (names: readonly string[]) => Promise<void>
  readonly sendInvitation: (mail: { email: string; locale: string | undefined; expiresAt: Date }) => Promise<void>
}

const SECONDS = 7 * 24 * 60 * 60

const present = ({ email, roles, expiresAt }: InvitedDocument): Invited => ({ email, roles, expiresAt })

/** Invited addresses on this connection. */
export function createInvitedAddresses(deps: InvitationsDependencies): InvitedAddresses {
  const { connection, accounts, audit, policy, checkRoles, sendInvitation } = deps
  const model = invitedModel(connection)
  const system = { actor: { type: 'system' } } as const

  const admit = async (email: string): Promise<string> => {
    const identifier = normaliseIdentifier(email)
    if (!policy.isOpen) throw refusals.closed()
    if (!identifier) throw refusals.identifierInvalid()
    if (!isWelcome(identifier, policy)) throw refusals.domainNotAllowed()
    if (await accounts.findByIdentifier(identifier)) throw refusals.exists()
    return identifier
  }

  return {
    async invite({ email: typed, roles = [], locale }, subject = system) {
      const email = typed.normalize('NFKC').trim()
      const _id = await admit(email)
      await checkRoles(roles)
      const invitedAt = new Date()
      const expiresAt = new Date(invitedAt.getTime() + SECONDS * 1000)
      const document = { email, roles: [...roles], invitedAt, expiresAt }
      await model.replaceOne({ _id }, document, { upsert: true })
      await sendInvitation({ email, locale, expiresAt })
      await audit.record('registration.invited', subject, { roles: [...roles] })
      return { email, roles, expiresAt }
    },
    async withdraw(email, subject = system) {
      const { deletedCount } = await model.deleteOne({ _id: normaliseIdentifier(email) ?? '' })
      if (deletedCount === 1) await audit.record('registration.invitation_withdrawn', subject, {})
      return deletedCount === 1
    },
    list: async () =>
      (
        await model
          .find({ expiresAt: { $gt: new Date() } })
          .sort({ invitedAt: -1 })
          .lean<InvitedDocument[]>()
      ).map(present),
    countRole: (role) => model.countDocuments({ roles: role, expiresAt: { $gt: new Date() } }),
    async takeRole(role, subject = system) {
      for await (const { _id } of model.find({ roles: role }).lean<InvitedDocument>().cursor()) {
        const { modifiedCount } = await model.updateOne({ _id }, { $pull: { roles: role } })
        if (modifiedCount === 1) await audit.record('registration.invitation_role_removed', subject, { role })
      }
    },
    async findInvited(identifier) {
      const document = await model.findOne({ _id: identifier, expiresAt: { $gt: new Date() } }).lean<InvitedDocument>()
      return document ? present(document) : undefined
    },
    async forget(identifier) {
      await model.deleteOne({ _id: identifier })
    },
  }
}
