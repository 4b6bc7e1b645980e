import type { FindAccount, Account as LibraryAccount } from 'oidc-provider'
import type { Access, Standing } from '../access/index.ts'
import type { Account, Accounts } from '../accounts/index.ts'
import type { Units } from '../platform/database/index.ts'
import { claimsOf } from './claims.ts'

/** An account as the library carries it through a request. */
export interface ProtocolAccount extends LibraryAccount {
  /** What they sign in with. */
  readonly email: string
  /** The roles that they hold themselves, whether or not there are such roles any more. */
  readonly roles: readonly string[]
  /** Whether they belong to an organization whose members need two factors. */
  readonly needsSecondFactor: () => Promise<boolean>
  /** What they are and may do, on their own or for an organization. Read once a request. */
  readonly standing: (organizationId?: string) => Promise<Standing>
}

/** Where accounts are read, and by which requests. */
interface Dependencies {
  readonly accounts: Pick<Accounts, 'find'>
  readonly units: Units
}

/** Reading accounts, where it is known whose will be asked for. */
export interface AccountsAhead extends Pick<Accounts, 'find'> {
  /** Begins to read this account, for whoever asks for it in this unit of work. */
  begin(id: string): void
}

/** What was read ahead is given out once, within the unit of work that it was read in. */
export function createAccountsAhead({ accounts, units }: Dependencies): AccountsAhead {
  const ahead = units.known<{ readonly id: string; readonly reading: Promise<Account | undefined> }>()
  return {
    begin(id) {
      if (ahead.get()?.id === id) return
      const reading = accounts.find(id)
      // Nobody may ask for it in the end.
      reading.catch(() => {})
      ahead.set({ id, reading })
    },
    find(id) {
      const begun = ahead.get()
      if (begun?.id !== id) return accounts.find(id)
      ahead.set(undefined)
      return begun.reading
    },
  }
}

/**
 * The library's view of accounts. One that is not in good standing is as good as missing: its codes and tokens stop
 * working, and the interaction policy sends it to sign-in.
 */
export function createFindAccount(accounts: Pick<Accounts, 'find'>, access: Access): FindAccount {
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
      email: account.email,
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
