import type { Connection } from 'mongoose'
import { ADMINISTRATOR } from '../access/index.ts'
import type { Account, Accounts } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import { hashSecret, newSecret } from '../platform/ids.ts'
import { type InvitationDocument, type InvitationPurpose, invitationModel } from './invitations.model.ts'
import type { Passwords } from './passwords.ts'
import { refusals } from './refusals.ts'

/** A one-time link that is still good. */
export interface Invitation {
  readonly purpose: InvitationPurpose
  readonly account: Account | undefined
  readonly expiresAt: Date
}

/** What somebody who follows a link tells. The e-mail and name are read for the first administrator only. */
export interface Acceptance {
  readonly token: string
  readonly password: string
  readonly email: string
  readonly name?: string | undefined
}

/** One-time links that let somebody set a first password. */
export interface Invitations {
  /** Makes a link's token: 256 bits, shown once, stored hashed. Earlier links of the same purpose stop working. */
  issue(purpose: InvitationPurpose, account?: Account): Promise<string>
  /** Makes the first administrator's token, unless there is an administrator. */
  issueFirstAdministrator(): Promise<string | undefined>
  find(token: string): Promise<Invitation | undefined>
  /** Uses the link up. @throws Refusal `invitation.gone`, `password.*`, `account.*` */
  accept(acceptance: Acceptance, origin: Origin): Promise<Account>
}

interface Dependencies {
  readonly connection: Connection
  readonly accounts: Accounts
  readonly audit: Audit
  readonly password: Passwords
  readonly invitationSeconds: number
}

/** One-time links on this connection. */
export function createInvitations(deps: Dependencies): Invitations {
  const { connection, accounts, audit, password, invitationSeconds } = deps
  const model = invitationModel(connection)
  const live = (token: string) => ({
    _id: hashSecret(token),
    consumedAt: { $exists: false },
    expiresAt: { $gt: new Date() },
  })

  const isStillWanted = async ({ purpose }: InvitationDocument) =>
    purpose !== 'first-administrator' || !(await accounts.hasRole(ADMINISTRATOR))

  const find = async (token: string): Promise<Invitation | undefined> => {
    const document = await model.findOne(live(token)).lean<InvitationDocument>()
    if (!document || !(await isStillWanted(document))) return undefined
    const account = document.accountId ? await accounts.find(document.accountId) : undefined
    if (document.accountId && account?.status !== 'active') return undefined
    return { purpose: document.purpose, account, expiresAt: document.expiresAt }
  }

  const issue = async (purpose: InvitationPurpose, account?: Account) => {
    const token = newSecret()
    const now = new Date()
    const owner = account ? { accountId: account.id } : {}
    await model.updateMany({ purpose, ...owner, consumedAt: { $exists: false } }, { $set: { consumedAt: now } })
    const expiresAt = new Date(now.getTime() + invitationSeconds * 1000)
    await model.create({ _id: hashSecret(token), purpose, ...owner, createdAt: now, expiresAt })
    await audit.record('invitation.issued', { actor: { type: 'system' }, accountId: account?.id }, { purpose })
    return token
  }

  const refuse = async (origin: Origin, reason: string) => {
    await audit.record('invitation.refused', { origin }, { reason })
    return refusals.invitationGone()
  }

  return {
    find,
    issue,
    issueFirstAdministrator: async () =>
      (await accounts.hasRole(ADMINISTRATOR)) ? undefined : issue('first-administrator'),

    async accept({ token, email, name, password: chosen }, origin) {
      const invitation = await find(token)
      if (!invitation) throw await refuse(origin, 'unknown, used or expired')
      const prepared = await password.prepare(chosen, invitation.account ?? { email, name }, origin)
      // Burn first: of two submissions at once, one gets through.
      const consumedAt = new Date()
      const { modifiedCount } = await model.updateOne(live(token), { $set: { consumedAt } })
      if (modifiedCount === 0) throw await refuse(origin, 'used at the same moment')
      const account = invitation.account ?? (await registerFirst({ email, name }, token, consumedAt, origin))
      await audit.record('invitation.accepted', { accountId: account.id, origin }, { purpose: invitation.purpose })
      await password.set(account, prepared, { via: 'invitation', origin })
      return account
    },
  }

  async function registerFirst(
    who: Pick<Acceptance, 'email' | 'name'>,
    token: string,
    consumedAt: Date,
    origin: Origin,
  ) {
    try {
      return await accounts.register({ ...who, roles: [ADMINISTRATOR], via: 'invitation' }, { origin })
    } catch (error) {
      // Nothing was made (the address is not one, say): the link stays good for another try.
      await model.updateOne({ _id: hashSecret(token), consumedAt }, { $unset: { consumedAt: 1 } })
      throw error
    }
  }
}
