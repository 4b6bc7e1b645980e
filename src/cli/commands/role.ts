import { Command } from 'commander'
import type { Role } from '../../access/index.ts'
import type { Act } from '../program.ts'
import { insist, type Outcome, type Shell, toColumns, withApp } from '../shell.ts'
import { readJsonObject } from './json-file.ts'

const EXAMPLE = `
The file names the permissions by API, * for all that it knows:
  {
    "name": "editor",
    "title": "Writes posts",
    "permissions": [{ "api": "https://demo-api.example", "names": ["read:posts", "write:posts"] }]
  }`

function present(role: Role): Outcome {
  const rows = role.permissions.map(({ api, names }) => [api, names.join(' ')])
  return { json: role, text: toColumns([['name', role.name], ['title', role.title], ...rows]) }
}

function list(shell: Shell) {
  return () =>
    withApp(shell, async ({ access }): Promise<Outcome> => {
      const roles = await access.roles.list()
      return { json: roles, text: toColumns(roles.map(({ name, title }) => [name, title])) }
    })
}

function remove(shell: Shell) {
  return async (name: string, { force: isForced = false, yes }: { force?: boolean; yes?: boolean }) => {
    insist(yes, `Deleting the role ${name} cannot be undone.`)
    return withApp(shell, async ({ access }): Promise<Outcome> => {
      await access.roles.delete(name, { isForced })
      return { json: { role: name, deleted: true }, text: `The role ${name} is deleted.` }
    })
  }
}

/** Commands about roles. Who has one is a matter of `account role` and `organization member`. */
export function roleCommands(shell: Shell, act: Act): Command {
  const command = new Command('role').description('see what roles there are, make, change and delete them')
  command
    .command('list')
    .description('list the roles')
    .action(act(list(shell)))
  command
    .command('show <name>')
    .description('show what a role lets somebody do')
    .action(act((name: string) => withApp(shell, async ({ access }) => present(await access.roles.get(name)))))
  for (const [verb, what] of [
    ['create', 'make a role'],
    ['update', 'replace what a role is; whoever has it may do that from the next token on'],
  ] as const) {
    command
      .command(verb)
      .description(what)
      .requiredOption('--file <file>', 'JSON with its name, title and permissions, - for standard input')
      .addHelpText('after', EXAMPLE)
      .action(
        act(async ({ file }: { file: string }) => {
          const input = await readJsonObject(file, shell)
          return withApp(shell, async ({ access }) => present(await access.roles[verb](input)))
        }),
      )
  }
  command
    .command('delete <name>')
    .description('delete a role that nobody has')
    .option('--force', 'take it from everybody who has it first')
    .option('--yes', 'really do it')
    .action(act(remove(shell)))
  return command
}
