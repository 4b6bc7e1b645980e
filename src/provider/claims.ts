import type { Account } from '../accounts/index.ts'

/** Which claims each scope stands for (OpenID Connect Core section 5.4). */
export const scopeClaims = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: ['name', 'preferred_username', 'updated_at'],
  email: ['email', 'email_verified'],
}

/** The scopes that are about the person; what an API means by a scope is told by its own registration. */
export const scopes = ['openid', 'offline_access', 'profile', 'email']

/** What can be said of an account; the library passes on what was asked for and consented to. */
export function claimsOf(account: Account) {
  return {
    sub: account.id,
    name: account.name,
    preferred_username: account.email,
    updated_at: Math.floor(account.updatedAt.getTime() / 1000),
    email: account.email,
    email_verified: account.isEmailVerified,
  }
}
