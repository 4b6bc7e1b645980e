import type { Account } from '../accounts/index.ts'
import type { Origin } from '../audit/index.ts'
import type { AddressesDependencies } from './index.ts'

/** Bringing an address back that was replaced. */
export interface RestoreAddress {
  /** Which address this link would bring back. */
  readonly findUndo: (token: string) => Promise<string | undefined>
  /** Brings it back and ends every session. @throws Refusal `account.undo_gone`, `account.exists` */
  readonly undo: (token: string, origin: Origin) => Promise<Account>
}

/** Bringing addresses back. What was under way for the account is forgotten: it may be somebody else's doing. */
export function createRestore({ accounts, mailboxes }: AddressesDependencies): RestoreAddress {
  return {
    findUndo: accounts.findUndo,
    async undo(token, origin) {
      const account = await accounts.undoEmailChange(token, { origin, actor: { type: 'anonymous' } })
      await mailboxes.cancel({ purpose: 'change-email', owner: account.id })
      return account
    },
  }
}
