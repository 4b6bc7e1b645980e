import { Command } from 'commander'
import type { Role } from '../../access/index.ts'
import type { Act } from '../program.ts'
import { type Outcome, type Shell, toColumns, withApp } from '../shell.ts'
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

/** Commands about roles. Who has one is a matter of `account role` and `organization member`. */
export function roleCommands(shell: Shell, act: Act): Command {
  const command = new Command('role').description('see what roles there are, and make new ones')
  command
    .command('list')
    .description('list the roles')
    .action(act(list(shell)))
  command
    .command('show <name>')
    .description('show what a role lets somebody do')
    .action(act((name: string) => withApp(shell, async ({ access }) => present(await access.roles.get(name)))))
  command
    .command('create')
    .description('make a role')
    .requiredOption('--file <file>', 'JSON with its name, title and permissions, - for standard input')
    .addHelpText('after', EXAMPLE)
    .action(
      act(async ({ file }: { file: string }) => {
        const input = await readJsonObject(file, shell)
        return withApp(shell, async ({ access }) => present(await access.roles.create(input)))
      }),
    )
  return command
}
