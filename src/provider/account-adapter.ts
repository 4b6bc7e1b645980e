import type { FindAccount, Account as LibraryAccount } from 'oidc-provider'
import type { Access, Standing } from '../access/index.ts'
import type { Accounts } from '../accounts/index.ts'
import { claimsOf } from './claims.ts'

/** An account as the library carries it through a request. */
export interface ProtocolAccount extends LibraryAccount {
  /** The roles that they hold themselves, whether or not there are such roles any more. */
  readonly roles: readonly string[]
  /** Whether they belong to an organization whose members need two factors. */
  readonly needsSecondFactor: () => Promise<boolean>
  /** What they are and may do, on their own or for an organization. Read once a request. */
  readonly standing: (organizationId?: string) => Promise<Standing>
}

/**
 * The library's view of accounts. One that is not in good standing is as good as missing: its codes and tokens stop
 * working, and the interaction policy sends it to sign-in.
 */
export function createFindAccount(accounts: Accounts, access: Access): FindAccount {
  return async (_ctx, sub): Promise<ProtocolAccount | undefined> => {
    const account = await accounts.find(sub)
    if (account?.status !== 'active') return undefined
    const standings = new Map<string, Promise<Standing>>()
    const standing = (organizationId = '') => {
      const found = standings.get(organizationId) ?? access.standingOf(account, organizationId)
      standings.set(organizationId, found)
      return found
    }
    return {
      accountId: account.id,
      roles: account.roles,
      needsSecondFactor: () => access.organizations.needSecondFactor(account.id),
      standing,
      async claims(_use, scope, claims) {
        const isAsked = (name: string) => scope.split(' ').includes(name) || name in claims
        const [roles, organizations] = await Promise.all([
          isAsked('roles') ? standing() : undefined,
          isAsked('organizations') ? access.organizations.membershipsOf(account.id) : undefined,
        ])
        return claimsOf(account, { roles: roles?.roles, organizations })
      },
    }
  }
}
