import { Command, Option } from 'commander'
import type { Organization } from '../../access/index.ts'
import type { Act } from '../program.ts'
import { CommandError, insist, type Outcome, type Shell, toColumns, toTable, withApp } from '../shell.ts'
import { getAccount } from './get-account.ts'
import { roleOption } from './role-option.ts'

const secondFactor = () =>
  new Option('--second-factor <word>', 'whether members always need two factors; whoever has none adds one').choices([
    'required',
    'optional',
  ])

function present(organization: Organization): Outcome {
  const { needsSecondFactor, domains, ...rest } = organization
  const rows = [
    ...Object.entries(rest),
    ...(domains.length > 0 ? [['domains', domains.join(', ')]] : []),
    ['second factor', needsSecondFactor ? 'required' : 'optional'],
  ]
  return { json: organization, text: toColumns(rows) }
}

function create(shell: Shell) {
  return (name: string, { tenant, secondFactor }: { tenant?: string; secondFactor?: string }) =>
    withApp(shell, async ({ access }): Promise<Outcome> => {
      const needsSecondFactor = secondFactor === 'required'
      return present(await access.organizations.create({ name, tenantId: tenant, needsSecondFactor }))
    })
}

function update(shell: Shell) {
  return async (id: string, { name, secondFactor }: { name?: string; secondFactor?: string }) => {
    if (name === undefined && secondFactor === undefined)
      throw new CommandError('usage', 'Say what to change: --name, --second-factor, or both.')
    const needsSecondFactor = secondFactor === undefined ? undefined : secondFactor === 'required'
    return withApp(shell, async ({ access }): Promise<Outcome> => {
      return present(await access.organizations.update(id, { name, needsSecondFactor }))
    })
  }
}

function remove(shell: Shell) {
  return async (id: string, { yes }: { yes?: boolean }) => {
    insist(yes, `Nobody will belong to ${id} any more.`)
    return withApp(shell, async ({ access }): Promise<Outcome> => {
      await access.organizations.delete(id)
      return { json: { organizationId: id, deleted: true }, text: `The organization ${id} is deleted.` }
    })
  }
}

function list(shell: Shell) {
  return () =>
    withApp(shell, async ({ access }): Promise<Outcome> => {
      const all = await access.organizations.list()
      const rows = all.map(({ id, name, tenantId }) => [id, name, tenantId === id ? '' : `tenant ${tenantId}`])
      return { json: all, text: toTable(rows, 'There are no organizations yet.') }
    })
}

function show(shell: Shell) {
  return (id: string) =>
    withApp(shell, async ({ access, accounts }): Promise<Outcome> => {
      const organization = await access.organizations.get(id)
      const members = await Promise.all(
        (await access.organizations.members(id)).map(async ({ accountId, roles }) => ({
          accountId,
          email: (await accounts.find(accountId))?.email ?? null,
          roles,
        })),
      )
      const rows = members.map(({ accountId, email, roles }) => [email ?? accountId, roles.join(', ')])
      const { text } = present(organization)
      return {
        json: { ...organization, members },
        text: [text, ...(rows.length > 0 ? [toColumns(rows)] : [])].join('\n'),
      }
    })
}

function memberCommands(shell: Shell, act: Act): Command {
  const command = new Command('member').description('say who belongs to an organization')
  command
    .command('add <id> <e-mail>')
    .description('add a member, or give one other roles')
    .addOption(roleOption('a role in this organization'))
    .action(
      act((id: string, email: string, { role: roles }: { role: string[] }) =>
        withApp(shell, async (app): Promise<Outcome> => {
          const { id: accountId } = await getAccount(app, email)
          await app.access.organizations.addMember(id, { accountId, roles })
          const as = roles.length > 0 ? ` as ${roles.join(', ')}` : ''
          return { json: { organizationId: id, accountId, roles }, text: `${email} belongs to ${id}${as}.` }
        }),
      ),
    )
  command
    .command('remove <id> <e-mail>')
    .description('remove a member')
    .action(
      act((id: string, email: string) =>
        withApp(shell, async (app): Promise<Outcome> => {
          const { id: accountId } = await getAccount(app, email)
          await app.access.organizations.removeMember(id, accountId)
          return {
            json: { organizationId: id, accountId, removed: true },
            text: `${email} no longer belongs to ${id}.`,
          }
        }),
      ),
    )
  return command
}

function providerCommands(shell: Shell, act: Act): Command {
  const command = new Command('provider').description('say where people with an address of its domains sign in')
  command
    .command('set <id> <provider>')
    .description('send them there as soon as they have said who they are')
    .addOption(
      new Option('--domain <domain>', 'a domain of their addresses, can be given several times')
        .argParser((domain: string, before: string[] = []) => [...before, domain])
        .makeOptionMandatory(),
    )
    .action(
      act((id: string, provider: string, { domain: domains }: { domain: string[] }) =>
        withApp(shell, async ({ access, signIn }): Promise<Outcome> => {
          if (!signIn.upstream.has(provider))
            throw new CommandError('provider.unknown', `There is no provider ${provider} in upstream.*.`)
          return present(await access.organizations.useProvider(id, { provider, domains }))
        }),
      ),
    )
  command
    .command('remove <id>')
    .description('let them choose how they sign in')
    .action(
      act((id: string) =>
        withApp(shell, async ({ access }) => present(await access.organizations.useProvider(id, undefined))),
      ),
    )
  return command
}

/** Commands about organizations. */
export function organizationCommands(shell: Shell, act: Act): Command {
  const command = new Command('organization').description('look after organizations and their members')
  command
    .command('create <name>')
    .description('make an organization')
    .option('--tenant <id>', 'the tenant that it shares with others; without it, it is one of its own')
    .addOption(secondFactor())
    .action(act(create(shell)))
  command
    .command('update <id>')
    .description('rename an organization, or change what is asked of its members')
    .option('--name <name>', 'what it is called from now on')
    .addOption(secondFactor())
    .action(act(update(shell)))
  command
    .command('delete <id>')
    .description('delete an organization; nobody belongs to it any more')
    .option('--yes', 'really do it')
    .action(act(remove(shell)))
  command
    .command('list')
    .description('list the organizations')
    .action(act(list(shell)))
  command
    .command('show <id>')
    .description('show an organization and its members')
    .action(act(show(shell)))
  command.addCommand(memberCommands(shell, act))
  command.addCommand(providerCommands(shell, act))
  return command
}
