// Addresses: how the e-mail address of an account is confirmed and changed. A new address is proved before the old one is
// replaced; the old one is told, and can bring itself back for a week.
import type { Account, Accounts } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import type { Mailboxes, MailLimits } from '../mailboxes/index.ts'
import { type ConfirmAddress, createConfirmAddress } from './confirm.ts'
import { createRestore, type RestoreAddress } from './restore.ts'
import { createStartAddress, type StartAddress } from './start.ts'

/** Who does it, and from where. */
export interface AddressRequest {
  readonly account: Account
  readonly origin: Origin
  readonly locale?: string | undefined
}

/** What is mailed about an address. */
export type AddressMail = {
  readonly email: string
  readonly locale?: string | undefined
  readonly account: Account
} & (
  | { readonly kind: 'confirm' | 'change'; readonly token: string; readonly code: string; readonly expiresAt: Date }
  /** The address belongs to this other account already. */
  | { readonly kind: 'taken' }
  /** For the old address. */
  | {
      readonly kind: 'changed'
      readonly newEmail: string
      readonly token: string
      readonly expiresAt: Date
      readonly address?: string | undefined
    }
)

/** What this room needs from outside. */
export interface AddressesDependencies {
  readonly accounts: Accounts
  readonly mailboxes: Mailboxes
  readonly limits: MailLimits
  readonly audit: Audit
  /** Keeps a mail for sending; takes the same time whatever it says. */
  readonly send: (mail: AddressMail) => Promise<void>
}

/** Confirming and changing addresses. */
export interface Addresses extends StartAddress, ConfirmAddress, RestoreAddress {}

/** Opens the room. */
export function createAddresses(deps: AddressesDependencies): Addresses {
  return { ...createStartAddress(deps), ...createConfirmAddress(deps), ...createRestore(deps) }
}
