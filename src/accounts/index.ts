// Accounts: who somebody is. Owns identifiers, profile and standing. Knows nothing of passwords, sessions or tokens:
// what must end when an account ends, and which roles there are, is told to it as a port (`onEnded`, `checkRoles`).
import type { Connection } from 'mongoose'
import type { Audit } from '../audit/index.ts'
import type { Gatherings } from '../platform/database/index.ts'
import { type ChangeEmail, createChangeEmail } from './change-email.ts'
import { emailChangeModel } from './email-change.model.ts'
import { createFind, type FindAccount } from './find.ts'
import { type AccountLanguage, createAccountLanguage } from './language.ts'
import { accountModel } from './model.ts'
import { createRegister, type RegisterAccount } from './register.ts'
import { type AccountRoles, createAccountRoles } from './roles.ts'
import { createStanding, type Standing } from './standing.ts'

export { normaliseIdentifier } from './identifier.ts'
export type { Account } from './model.ts'

/** What other rooms can do with accounts. */
export interface Accounts extends FindAccount, Standing, AccountRoles, AccountLanguage, ChangeEmail {
  readonly register: RegisterAccount
}

/** What accounts need from outside. */
export interface AccountsDependencies {
  readonly connection: Connection
  readonly gatherings: Gatherings
  readonly audit: Audit
  /** Ends every session, grant and token of an account that is no longer in good standing. */
  readonly onEnded: (accountId: string, reason: string) => Promise<void>
  /** Refuses names of roles that there are not. */
  readonly checkRoles: (names: readonly string[]) => Promise<void>
}

/** Opens the room. */
export function createAccounts({ connection, gatherings, audit, onEnded, checkRoles }: AccountsDependencies): Accounts {
  const model = accountModel(connection)
  return {
    ...createFind(model, gatherings.of(model)),
    ...createChangeEmail({ model, changes: emailChangeModel(connection), audit, onEnded }),
    ...createStanding({ model, audit, onEnded }),
    ...createAccountRoles({ model, audit, checkRoles }),
    ...createAccountLanguage(model),
    register: createRegister({ model, audit, checkRoles }),
  }
}
