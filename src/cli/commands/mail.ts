import { Command } from 'commander'
import { MailError } from '../../platform/mail/index.ts'
import type { Act } from '../program.ts'
import { CommandError, type Outcome, type Shell, withApp } from '../shell.ts'
import { languageOption } from './language-option.ts'

/** Words for what most often keeps mail from being sent. */
const HINTS: Readonly<Record<string, string>> = {
  EDNS: 'its name is not known',
  ECONNECTION: 'nothing answers there',
  ESOCKET: 'it cannot be reached, or its certificate is not trusted',
  ETIMEDOUT: 'it does not answer in time',
  ETLS: 'it offers no TLS that can be used',
  EAUTH: 'it does not take the name and password',
  '535': 'it does not take the name and password',
}

function explain(error: unknown): never {
  if (!(error instanceof MailError)) throw error
  const hint = HINTS[error.code]
  const said = error.reply ? `\n${error.reply}` : ''
  throw new CommandError(
    'mail.not_taken',
    `The mail server was no help (${error.code})${hint ? `: ${hint}` : ''}.${said}`,
  )
}

interface TestOptions {
  readonly to: string
  readonly language?: string
}

function test(shell: Shell) {
  return ({ to, language }: TestOptions): Promise<Outcome> =>
    withApp(shell, async ({ notices }, { mail, server }) => {
      await notices.test({ email: to, locale: language }).catch(explain)
      const where = mail.smtp.url ? 'The mail server took it' : `It is in the inbox, ${server.issuer}/workbench/inbox`
      return { json: { to, via: mail.smtp.url ? 'smtp' : 'inbox' }, text: `${where}: a test mail to ${to}.` }
    })
}

/** Commands about mail. */
export function mailCommands(shell: Shell, act: Act): Command {
  const command = new Command('mail').description('look after mail')
  command
    .command('test')
    .description('send a test mail at once, and say what the mail server made of it')
    .requiredOption('--to <e-mail>', 'who gets it')
    .addOption(languageOption())
    .action(act(test(shell)))
  return command
}
