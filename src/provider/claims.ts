import type { Membership } from '../access/index.ts'
import type { Account } from '../accounts/index.ts'

/**
 * Which claims each scope stands for (OpenID Connect Core section 5.4). Roles and organizations are asked for by scopes
 * of their own and stand with `openid`, so that the ID token has them too; they are there only when they were asked for.
 */
export const scopeClaims = {
  openid: ['sub', 'acr', 'amr', 'auth_time', 'roles', 'organizations'],
  profile: ['name', 'preferred_username', 'updated_at'],
  email: ['email', 'email_verified'],
}

/** The scopes that are about the person; what an API means by a scope is told by its own registration. */
export const scopes = ['openid', 'offline_access', 'profile', 'email', 'roles', 'organizations']

/** What has to be looked up, and so only when it is asked for. */
export interface AskedClaims {
  readonly roles?: readonly string[] | undefined
  readonly organizations?: readonly Membership[] | undefined
}

/** What can be said of an account; the library passes on what was asked for and consented to. */
export function claimsOf(account: Account, { roles, organizations }: AskedClaims) {
  return {
    sub: account.id,
    name: account.name,
    preferred_username: account.email,
    updated_at: Math.floor(account.updatedAt.getTime() / 1000),
    email: account.email,
    email_verified: account.isEmailVerified,
    ...(roles ? { roles: [...roles] } : {}),
    ...(organizations ? { organizations: organizations.map(presentMembership) } : {}),
  }
}

const presentMembership = ({ organization: { id, name, tenantId }, roles }: Membership) => ({
  id,
  name,
  tenant_id: tenantId,
  roles: [...roles],
})
