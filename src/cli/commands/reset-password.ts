import { Command } from 'commander'
import type { Act } from '../program.ts'
import { type Outcome, type Shell, withApp } from '../shell.ts'
import { getAccount } from './get-account.ts'

/** Starts a reset for somebody: whoever runs the service starts it, and never chooses the password (ASVS 6.4.6). */
export function resetPasswordCommand(shell: Shell, act: Act): Command {
  const reset = (email: string, { mail }: { mail?: boolean }) =>
    withApp(shell, async (app, { server }): Promise<Outcome> => {
      const account = await getAccount(app, email)
      const { token, expiresAt } = await app.recovery.issue(account)
      const link = `${server.issuer}/password/reset/${token}`
      const about = { email: account.email, expires_at: expiresAt }
      if (!mail) return { json: { ...about, link }, text: `Link for ${account.email} to set a new password:\n${link}` }
      await app.notices.send('passwordReset', account, { link, expiresAt })
      return { json: { ...about, mailed: true }, text: `A link to set a new password is mailed to ${account.email}.` }
    })
  return new Command('reset-password')
    .argument('<e-mail>')
    .description('print a link for setting a new password, or mail it; the old password stays until it is used')
    .option('--mail', 'mail the link instead of printing it')
    .action(act(reset))
}
