import type { Model } from 'mongoose'
import type { Audit, EventSubject } from '../audit/index.ts'
import { newId } from '../platform/ids.ts'
import { type MembershipDocument, membershipId } from './membership.model.ts'
import { type Organization, type OrganizationDocument, toOrganization } from './organization.model.ts'
import type { OrganizationProviders } from './organization-providers.ts'
import { refusals } from './refusals.ts'
import type { Remembered } from './remembered.ts'
import type { Roles } from './roles.ts'

/** Somebody who belongs to an organization. */
export interface Member {
  readonly accountId: string
  readonly roles: readonly string[]
}

/** An organization that somebody belongs to, and what they are there. */
export interface Membership {
  readonly organization: Organization
  readonly roles: readonly string[]
}

/** Organizations and who belongs to them. */
export interface Organizations extends OrganizationProviders {
  /** @throws Refusal `organization.invalid` */
  readonly create: (
    input: { name: string; tenantId?: string | undefined; needsSecondFactor?: boolean | undefined },
    subject?: EventSubject,
  ) => Promise<Organization>
  readonly list: () => Promise<Organization[]>
  /** @throws Refusal `organization.unknown` */
  readonly get: (id: string) => Promise<Organization>
  /**
   * Gives it another name, and says whether members need two factors, from their next sign-in or authorization on.
   * What is not named stays as it is.
   * @throws Refusal `organization.unknown`, `organization.invalid`
   */
  readonly update: (
    id: string,
    change: { name?: string | undefined; needsSecondFactor?: boolean | undefined },
    subject?: EventSubject,
  ) => Promise<Organization>
  /**
   * Deletes an organization: nobody belongs to it or can act for it any more. What was cut off is done by deleting it
   * once more.
   * @throws Refusal `organization.unknown`
   */
  readonly delete: (id: string, subject?: EventSubject) => Promise<void>
  /** Whether an account belongs to an organization whose members need two factors. */
  readonly needSecondFactor: (accountId: string) => Promise<boolean>
  readonly members: (id: string) => Promise<Member[]>
  /** What an account is in each organization that it belongs to. */
  readonly membershipsOf: (accountId: string) => Promise<Membership[]>
  /** Adds a member, or gives one these roles instead. @throws Refusal `organization.unknown`, `role.unknown` */
  readonly addMember: (id: string, member: Member, subject?: EventSubject) => Promise<void>
  /** @throws Refusal `organization.member_unknown` */
  readonly removeMember: (id: string, accountId: string, subject?: EventSubject) => Promise<void>
}

interface Dependencies {
  readonly model: Model<OrganizationDocument>
  readonly memberships: Model<MembershipDocument>
  /** The ids of the organizations whose members need two factors. */
  readonly strict: Remembered<string>
  readonly providers: OrganizationProviders
  /** Where people of these domains sign in. */
  readonly domains: Pick<Remembered<unknown>, 'forget'>
  readonly roles: Pick<Roles, 'check'>
  readonly audit: Audit
}

const TENANT = /^[\w-]{1,100}$/

/** The name as it is shown. @throws Refusal `organization.invalid` */
function readName(typed: string): string {
  const name = typed.normalize('NFC').trim()
  if (!name || name.length > 100 || /\p{Cc}/u.test(name))
    throw refusals.organizationInvalid('a name has 1 to 100 characters and no control characters')
  return name
}

const system = { actor: { type: 'system' } } as const

/** Organizations on these models. */
export function createOrganizations(deps: Dependencies): Organizations {
  const { model, memberships, strict, providers, domains, roles, audit } = deps
  const get = async (id: string) => {
    const document = await model.findById(id).lean<OrganizationDocument>()
    if (!document) throw refusals.organizationUnknown(id)
    return toOrganization(document)
  }
  const remove = async (id: string, accountId: string, subject: EventSubject) => {
    const { deletedCount } = await memberships.deleteOne({ _id: membershipId(id, accountId) })
    if (deletedCount === 1)
      await audit.record('organization.member_removed', { ...subject, accountId }, { organizationId: id })
    return deletedCount === 1
  }
  const removeAll = async (id: string, subject: EventSubject) => {
    for await (const { accountId } of memberships.find({ organizationId: id }).lean<MembershipDocument>().cursor())
      await remove(id, accountId, subject)
  }
  return {
    ...providers,
    get,
    async create({ name, tenantId, needsSecondFactor = false }, subject = system) {
      const shown = readName(name)
      if (tenantId !== undefined && !TENANT.test(tenantId))
        throw refusals.organizationInvalid('a tenant is named by letters, digits, - and _')
      const id = newId()
      const stored = { name: shown, tenantId: tenantId ?? id, needsSecondFactor }
      await model.create({ _id: id, ...stored, createdAt: new Date() })
      strict.forget()
      await audit.record('organization.created', subject, { organizationId: id, name: shown })
      return { id, ...stored, domains: [] }
    },
    async list() {
      return (await model.find().sort({ createdAt: 1, _id: 1 }).lean<OrganizationDocument[]>()).map(toOrganization)
    },
    async update(id, { name, needsSecondFactor }, subject = system) {
      const change = {
        ...(name === undefined ? {} : { name: readName(name) }),
        ...(needsSecondFactor === undefined ? {} : { needsSecondFactor }),
      }
      const document = await model
        .findByIdAndUpdate(id, { $set: change }, { returnDocument: 'after' })
        .lean<OrganizationDocument>()
      if (!document) throw refusals.organizationUnknown(id)
      strict.forget()
      await audit.record('organization.updated', subject, { organizationId: id, ...change })
      return toOrganization(document)
    },
    // Asked at every authorization: where no organization is that strict, nothing is looked up.
    async needSecondFactor(accountId) {
      const ids = await strict.read()
      if (ids.length === 0) return false
      return (await memberships.exists({ accountId, organizationId: { $in: ids } })) !== null
    },
    async members(id) {
      const found = await memberships.find({ organizationId: id }).sort({ createdAt: 1 }).lean<MembershipDocument[]>()
      return found.map(({ accountId, roles: held }) => ({ accountId, roles: held }))
    },
    async membershipsOf(accountId) {
      const held = await memberships.find({ accountId }).lean<MembershipDocument[]>()
      const ids = held.map(({ organizationId }) => organizationId)
      const known = await model
        .find({ _id: { $in: ids } })
        .sort({ createdAt: 1, _id: 1 })
        .lean<OrganizationDocument[]>()
      return known.map((document) => ({
        organization: toOrganization(document),
        roles: held.find(({ organizationId }) => organizationId === document._id)?.roles ?? [],
      }))
    },
    async addMember(id, { accountId, roles: names }, subject = system) {
      await Promise.all([get(id), roles.check(names)])
      await memberships.updateOne(
        { _id: membershipId(id, accountId) },
        { $set: { roles: [...names] }, $setOnInsert: { organizationId: id, accountId, createdAt: new Date() } },
        { upsert: true },
      )
      await audit.record(
        'organization.member_added',
        { ...subject, accountId },
        { organizationId: id, roles: [...names] },
      )
    },
    async removeMember(id, accountId, subject = system) {
      if (!(await remove(id, accountId, subject))) throw refusals.memberUnknown()
    },
    async delete(id, subject = system) {
      await get(id)
      await removeAll(id, subject)
      const { deletedCount } = await model.deleteOne({ _id: id })
      strict.forget()
      domains.forget()
      if (deletedCount === 0) throw refusals.organizationUnknown(id)
      await audit.record('organization.deleted', subject, { organizationId: id })
      // Whoever was added meanwhile. No organization is ever made with this id again.
      await removeAll(id, subject)
    },
  }
}
