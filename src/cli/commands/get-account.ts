import type { Account } from '../../accounts/index.ts'
import type { App } from '../../app.ts'
import { CommandError } from '../shell.ts'

/** The account that signs in with this e-mail. @throws CommandError when there is none */
export async function getAccount({ accounts }: Pick<App, 'accounts'>, email: string): Promise<Account> {
  const account = await accounts.findByIdentifier(email)
  if (!account) throw new CommandError('account.unknown', `There is no account with the e-mail ${email}.`)
  return account
}
