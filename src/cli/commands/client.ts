import { Command } from 'commander'
import type { RegisteredClient, StoredClient } from '../../provider/index.ts'
import type { Act } from '../program.ts'
import { insist, type Outcome, type Shell, toColumns, toTable, withApp } from '../shell.ts'
import { invitationCommands, inviteCommand } from './client-invitation.ts'
import { secretCommands } from './client-secret.ts'
import { readJsonObject } from './json-file.ts'

const EXAMPLE = `
The file holds client metadata as RFC 7591 names it, for example:
  {
    "client_name": "Reading Room",
    "redirect_uris": ["https://reading.example/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "client_secret_basic"
  }
Four more are known here: first_party (people are not asked to consent), require_pkce (true unless you say false),
minimum_acr (the least that a sign-in has to prove) and api_permissions (which permissions it may ask for, by API:
{"https://api.example.com": ["read:orders"]}). A client that acts by itself (client_credentials) has none but these; one
that acts for people is not restricted without them.`

/** What an app has to be told, its secret this once. */
function presentRegistered({ client_id, client_secret }: RegisteredClient, issuer: string): Outcome {
  const told = { issuer, client_id, ...(client_secret ? { client_secret } : {}) }
  const once = client_secret ? '\n\nThe secret is shown this once: keep it now.' : ''
  return { json: told, text: toColumns(Object.entries(told)) + once }
}

function create(shell: Shell) {
  return async ({ file }: { file: string }): Promise<Outcome> => {
    const metadata = await readJsonObject(file, shell)
    return withApp(shell, async ({ clients }, { server }) =>
      presentRegistered(await clients.register(metadata, { via: 'cli' }), server.issuer),
    )
  }
}

function update(shell: Shell) {
  return async (id: string, { file }: { file: string }): Promise<Outcome> => {
    const metadata = await readJsonObject(file, shell)
    return withApp(shell, async ({ clients }, { server }) =>
      presentRegistered(await clients.update(await clients.get(id), metadata, { via: 'cli' }), server.issuer),
    )
  }
}

const present = ({ id, metadata, via, isVerified, createdAt }: StoredClient) => ({
  ...metadata,
  client_id: id,
  created_at: createdAt,
  registered_via: via,
  is_verified: isVerified,
})

function list(shell: Shell) {
  return () =>
    withApp(shell, async ({ clients }): Promise<Outcome> => {
      const all = await clients.list()
      const rows = all.map(({ id, metadata }) => [
        id,
        metadata.client_name ?? '',
        metadata.redirect_uris?.join(' ') ?? '',
      ])
      return { json: all.map(present), text: toTable(rows, 'There are no clients yet.') }
    })
}

function show(shell: Shell) {
  return (id: string) =>
    withApp(shell, async ({ clients }): Promise<Outcome> => {
      const client = present(await clients.get(id))
      return { json: client, text: JSON.stringify(client, undefined, 2) }
    })
}

function verify(shell: Shell) {
  return (id: string) =>
    withApp(shell, async ({ clients }): Promise<Outcome> => {
      await clients.verify(id)
      return { json: { client_id: id, is_verified: true }, text: `${id} counts as checked until it changes itself.` }
    })
}

function remove(shell: Shell) {
  return (id: string, { yes }: { yes?: boolean }): Promise<Outcome> => {
    insist(yes, `Deleting ${id} cannot be undone.`)
    return withApp(shell, async ({ clients }) => {
      await clients.delete(id, 'cli')
      return { json: { client_id: id, deleted: true }, text: `Deleted ${id}.` }
    })
  }
}

/** Commands about clients. */
export function clientCommands(shell: Shell, act: Act): Command {
  const command = new Command('client').description('register applications and look after them')
  command
    .command('create')
    .description('register a client; prints its client_id and, once, its client_secret')
    .requiredOption('--file <file>', 'JSON with client metadata, - for standard input')
    .addHelpText('after', EXAMPLE)
    .action(act(create(shell)))
  command
    .command('update <client_id>')
    .description('replace what is registered for a client; its secrets stay')
    .requiredOption('--file <file>', 'JSON with all of its metadata, - for standard input')
    .addHelpText('after', EXAMPLE)
    .action(act(update(shell)))
  command
    .command('list')
    .description('list the clients')
    .action(act(list(shell)))
  command
    .command('show <client_id>')
    .description('show what is registered for a client')
    .action(act(show(shell)))
  command
    .command('verify <client_id>')
    .description('vouch for a client that registered itself: consent no longer warns of it')
    .action(act(verify(shell)))
  command
    .command('delete <client_id>')
    .description('delete a client: nobody can sign in to it any more, and its tokens end')
    .option('--yes', 'really do it')
    .action(act(remove(shell)))
  command.addCommand(secretCommands(shell, act))
  command.addCommand(inviteCommand(shell, act))
  command.addCommand(invitationCommands(shell, act))
  return command
}
