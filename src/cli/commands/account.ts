import { Command } from 'commander'
import type { Account } from '../../accounts/index.ts'
import type { App } from '../../app.ts'
import type { Config } from '../../config/index.ts'
import type { Act } from '../program.ts'
import { CommandError, type Outcome, type Shell, toColumns, withApp } from '../shell.ts'
import { getAccount } from './get-account.ts'
import { invitationCommands } from './invite.ts'
import { languageOption } from './language-option.ts'
import { resetPasswordCommand } from './reset-password.ts'
import { roleOption } from './role-option.ts'

function present({ id, email, name, locale, roles, status, createdAt }: Account): Outcome {
  const json = { id, email, name: name ?? null, locale: locale ?? null, roles, status, createdAt }
  const rows = Object.entries(json).map(([key, value]) => [
    key,
    value instanceof Date ? value.toISOString() : Array.isArray(value) ? value.join(', ') : String(value ?? ''),
  ])
  return { json, text: toColumns(rows) }
}

/** The one-time link for a password, printed or mailed. */
async function issueLink(
  app: App,
  account: Account,
  { server, lifetimes }: Config,
  isMailed = false,
): Promise<Outcome> {
  const expiresAt = new Date(Date.now() + lifetimes.invitationSeconds * 1000)
  const link = `${server.issuer}/welcome/${await app.signIn.invitations.issue('set-password', account)}`
  const json = present(account).json as object
  const what = `One-time link for ${account.email} to set a password`
  if (!isMailed) return { json: { ...json, link }, text: `${what}:\n${link}` }
  await app.notices.send('welcome', account, { link, expiresAt })
  return { json: { ...json, mailed: true }, text: `${what}: it is mailed there.` }
}

interface CreateOptions {
  readonly email: string
  readonly name?: string
  readonly role: string[]
  readonly passwordStdin?: boolean
  readonly link?: boolean
  readonly mail?: boolean
  readonly language?: string
}

function create(shell: Shell) {
  return async ({ email, name, role: roles, passwordStdin, link, mail, language }: CreateOptions): Promise<Outcome> => {
    if (passwordStdin && (link || mail))
      throw new CommandError('usage', 'Choose either --password-stdin, or --link or --mail.')
    const password = passwordStdin ? (await shell.readInput()).replace(/\r?\n$/, '') : undefined
    return withApp(shell, async (app, config) => {
      if (mail && !app.notices.canSend) throw new CommandError('mail.unavailable', 'There is no way to send mail.')
      // Hashed first: a password that cannot be used must not leave an account behind.
      const prepared = password === undefined ? undefined : await app.signIn.password.prepare(password, { email, name })
      const locale = language ?? config.brand.defaultLanguage
      const account = await app.accounts.register({ email, name, locale, roles, via: 'cli' })
      if (!prepared) return issueLink(app, account, config, mail)
      await app.signIn.password.set(account, prepared, { via: 'cli', actor: { type: 'system' } })
      return present(account)
    })
  }
}

function firstLink(shell: Shell) {
  return () =>
    withApp(shell, async ({ signIn }, { server }): Promise<Outcome> => {
      const token = await signIn.invitations.issueFirstAdministrator()
      if (!token) throw new CommandError('account.administrator_exists', 'There is an administrator already.')
      const link = `${server.issuer}/welcome/${token}`
      return { json: { link }, text: `One-time link that makes the first administrator:\n${link}` }
    })
}

function roleCommands(shell: Shell, act: Act): Command {
  const command = new Command('role').description('give an account roles, and take them away')
  for (const [name, verb, what] of [
    ['add', 'addRole', 'give an account a role'],
    ['remove', 'removeRole', 'take a role away: what it allowed ends with the next token'],
  ] as const) {
    command
      .command(`${name} <e-mail> <role>`)
      .description(what)
      .action(
        act((email: string, role: string) =>
          withApp(shell, async (app) => {
            await app.accounts[verb]((await getAccount(app, email)).id, role)
            return present(await getAccount(app, email))
          }),
        ),
      )
  }
  return command
}

/** Commands about accounts. */
export function accountCommands(shell: Shell, act: Act): Command {
  const command = new Command('account').description('create accounts and look after them')
  command
    .command('create')
    .description('make an account; without --password-stdin it prints a one-time link for setting a password')
    .requiredOption('--email <e-mail>', 'what the person signs in with')
    .option('--name <name>', 'how the person is called')
    .addOption(roleOption('a role'))
    .option('--password-stdin', 'read the password from standard input')
    .option('--link', 'print a one-time link for setting a password')
    .option('--mail', 'mail the link instead of printing it')
    .addOption(languageOption())
    .action(act(create(shell)))
  command
    .command('show <e-mail>')
    .description('show an account')
    .action(act((email: string) => withApp(shell, async (app) => present(await getAccount(app, email)))))
  command
    .command('link <e-mail>')
    .description('print a new one-time link for setting a password, or mail it; earlier ones stop working')
    .option('--mail', 'mail it instead of printing it')
    .action(
      act((email: string, { mail }: { mail?: boolean }) =>
        withApp(shell, async (app, config) => issueLink(app, await getAccount(app, email), config, mail)),
      ),
    )
  command
    .command('first-link')
    .description('print the one-time link that makes the first administrator, once more')
    .action(act(firstLink(shell)))
  for (const [name, what] of [
    ['suspend', 'suspend an account: its sessions and tokens end at once'],
    ['reactivate', 'let a suspended account sign in again'],
  ] as const) {
    command
      .command(`${name} <e-mail>`)
      .description(what)
      .action(
        act((email: string) =>
          withApp(shell, async (app) => {
            const { id } = await getAccount(app, email)
            await app.accounts[name](id)
            return present(await getAccount(app, email))
          }),
        ),
      )
  }
  for (const invitation of invitationCommands(shell, act)) command.addCommand(invitation)
  command.addCommand(resetPasswordCommand(shell, act))
  command.addCommand(roleCommands(shell, act))
  return command
}
