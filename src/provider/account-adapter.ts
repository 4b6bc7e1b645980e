import type { FindAccount } from 'oidc-provider'
import type { Accounts } from '../accounts/index.ts'
import { claimsOf } from './claims.ts'

/**
 * The library's view of accounts. One that is not in good standing is as good as missing: its codes and tokens stop
 * working, and the interaction policy sends it to sign-in.
 */
export function createFindAccount(accounts: Accounts): FindAccount {
  return async (_ctx, sub) => {
    const account = await accounts.find(sub)
    if (account?.status !== 'active') return undefined
    return { accountId: account.id, roles: account.roles, claims: () => claimsOf(account) }
  }
}
