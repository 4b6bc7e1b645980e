import { Command } from 'commander'
import type { Act } from '../program.ts'
import { CommandError, type Outcome, type Shell, toTable, withApp } from '../shell.ts'
import { languageOption } from './language-option.ts'
import { roleOption } from './role-option.ts'

interface InviteOptions {
  readonly role: string[]
  readonly language?: string
}

/** Commands about who may make an account. */
export function invitationCommands(shell: Shell, act: Act): Command[] {
  const invite = (email: string, { role: roles, language: locale }: InviteOptions): Promise<Outcome> =>
    withApp(shell, async ({ registration }) => {
      const invited = await registration.invitations.invite({ email, roles, locale })
      const until = invited.expiresAt.toISOString()
      return { json: invited, text: `Invited ${email} to make an account until ${until}. A mail is on its way.` }
    })
  const list = (): Promise<Outcome> =>
    withApp(shell, async ({ registration }) => {
      const all = await registration.invitations.list()
      const rows = all.map(({ email, roles, expiresAt }) => [email, expiresAt.toISOString(), roles.join(', ')])
      return { json: all, text: toTable(rows, 'Nobody is invited.') }
    })
  const withdraw = (email: string): Promise<Outcome> =>
    withApp(shell, async ({ registration }) => {
      if (await registration.invitations.withdraw(email)) return { json: { email }, text: `Withdrawn: ${email}.` }
      throw new CommandError('registration.not_invited', `${email} is not invited.`)
    })
  return [
    new Command('invite')
      .argument('<e-mail>')
      .description('invite somebody to make an account with this address: good for a week')
      .addOption(roleOption('a role that the account gets'))
      .addOption(languageOption())
      .action(act(invite)),
    new Command('invitations').description('list who is invited').action(act(list)),
    new Command('uninvite').argument('<e-mail>').description('withdraw an invitation').action(act(withdraw)),
  ]
}
