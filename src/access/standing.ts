import type { Gathered } from '../platform/database/index.ts'
import { combineRights, type Rights } from './can.ts'
import { type MembershipDocument, membershipId } from './membership.model.ts'
import { type Organization, type OrganizationDocument, toOrganization } from './organization.model.ts'
import type { Roles } from './roles.ts'

/** What somebody is and may do at this moment, on their own or for an organization. */
export interface Standing {
  readonly roles: readonly string[]
  readonly rights: Rights
  /** The organization that they act for, when they asked to and belong to it. */
  readonly organization?: Organization | undefined
}

/** The part of an account that this room looks at. */
export interface RoleHolder {
  readonly id: string
  readonly roles: readonly string[]
}

interface Dependencies {
  readonly roles: Pick<Roles, 'findAll'>
  readonly organizations: Gathered<OrganizationDocument>
  readonly memberships: Gathered<MembershipDocument>
}

/** What this account is and may do. Roles held in an organization count while acting for it, and nowhere else. */
export type StandingOf = (account: RoleHolder, organizationId?: string) => Promise<Standing>

/** Read afresh, in gathered commands: whatever was changed counts from the next token on. */
export function createStandingOf({ roles, organizations, memberships }: Dependencies): StandingOf {
  const findMembership = async (organizationId: string, accountId: string) => {
    const [membership, organization] = await Promise.all([
      memberships.find(membershipId(organizationId, accountId)),
      organizations.find(organizationId),
    ])
    return membership && organization
      ? { roles: membership.roles, organization: toOrganization(organization) }
      : undefined
  }
  return async (account, organizationId) => {
    const membership = organizationId ? await findMembership(organizationId, account.id) : undefined
    const found = await roles.findAll([...account.roles, ...(membership?.roles ?? [])])
    return {
      roles: found.map(({ name }) => name),
      rights: combineRights(found),
      organization: membership?.organization,
    }
  }
}
