import { Command } from 'commander'
import type { Api } from '../../access/index.ts'
import type { Act } from '../program.ts'
import { insist, type Outcome, type Shell, toColumns, withApp } from '../shell.ts'
import { readJsonObject } from './json-file.ts'

const EXAMPLE = `
The file says what the API is called and what it lets people do, for example:
  {
    "identifier": "https://api.example.com",
    "name": "Orders",
    "permissions": [{ "name": "read:orders", "title": "See your orders" }]
  }
Four more are known: accessTokenSeconds (how long its tokens are good, at most keys.keepAfterDays), minimumAcr (the acr
that the sign-in behind its tokens has to reach: people are asked for what is missing), resourceServers (the client_ids
by which the API itself may ask about tokens that were made out to it) and isRestricted (true: only clients that were
allowed its permissions by name, in api_permissions, may ask for it).`

function present(api: Api): Outcome {
  const { identifier, name, accessTokenSeconds, minimumAcr, resourceServers, isRestricted } = api
  const rows = [
    ['identifier', identifier],
    ['name', name],
    ...(accessTokenSeconds ? [['token seconds', String(accessTokenSeconds)]] : []),
    ...(minimumAcr ? [['minimum acr', minimumAcr]] : []),
    ...(isRestricted ? [['restricted', 'to clients with api_permissions']] : []),
    ...(resourceServers.length > 0 ? [['resource servers', resourceServers.join(' ')]] : []),
    ...api.permissions.map((permission) => [permission.name, permission.title]),
  ]
  return { json: api, text: toColumns(rows) }
}

function list(shell: Shell) {
  return () =>
    withApp(shell, async ({ access }): Promise<Outcome> => {
      const apis = await access.apis.list()
      return { json: apis, text: toColumns(apis.map(({ identifier, name }) => [identifier, name])) }
    })
}

function remove(shell: Shell) {
  return async (identifier: string, { yes }: { yes?: boolean }) => {
    insist(yes, `Tokens for ${identifier} will count as inactive at once.`)
    return withApp(shell, async ({ access }): Promise<Outcome> => {
      await access.apis.delete(identifier)
      return { json: { api: identifier, deleted: true }, text: `The API ${identifier} is deleted.` }
    })
  }
}

/** Commands about APIs. */
export function apiCommands(shell: Shell, act: Act): Command {
  const command = new Command('api').description('register APIs that access tokens are made out to')
  command
    .command('list')
    .description('list the APIs')
    .action(act(list(shell)))
  command
    .command('show <identifier>')
    .description('show an API and its permissions')
    .action(
      act((identifier: string) => withApp(shell, async ({ access }) => present(await access.apis.get(identifier)))),
    )
  for (const [verb, what] of [
    ['create', 'register an API'],
    ['update', 'replace what is registered for an API'],
  ] as const) {
    command
      .command(verb)
      .description(what)
      .requiredOption('--file <file>', 'JSON with its identifier, name and permissions, - for standard input')
      .addHelpText('after', EXAMPLE)
      .action(
        act(async ({ file }: { file: string }) => {
          const input = await readJsonObject(file, shell)
          return withApp(shell, async ({ access }) => present(await access.apis[verb](input)))
        }),
      )
  }
  command
    .command('delete <identifier>')
    .description('delete an API that no role and no client names')
    .option('--yes', 'really do it')
    .action(act(remove(shell)))
  return command
}
