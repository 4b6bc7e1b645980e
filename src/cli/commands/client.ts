import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { StoredClient } from '../../provider/index.ts'
import type { Act } from '../program.ts'
import { CommandError, type Outcome, type Shell, toColumns, withApp } from '../shell.ts'

const EXAMPLE = `
The file holds client metadata as RFC 7591 names it, for example:
  {
    "client_name": "Reading Room",
    "redirect_uris": ["https://reading.example/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "client_secret_basic"
  }
Two more are known here: first_party (people are not asked to consent) and require_pkce (true unless you say false).`

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The metadata in this file, or on standard input. @throws CommandError */
async function readMetadata(file: string, shell: Shell): Promise<Record<string, unknown>> {
  const content = file === '-' ? shell.readInput() : readFile(file, 'utf8')
  const text = await content.catch((error: NodeJS.ErrnoException) => {
    throw new CommandError('file.unreadable', `${file} cannot be read (${error.code ?? 'unreadable'}).`)
  })
  let metadata: unknown
  try {
    metadata = JSON.parse(text)
  } catch (error) {
    throw new CommandError(
      'file.invalid',
      `${file === '-' ? 'Standard input' : file} is not JSON: ${(error as Error).message}`,
    )
  }
  if (!isObject(metadata)) throw new CommandError('file.invalid', 'Client metadata must be a JSON object.')
  return metadata
}

function create(shell: Shell) {
  return async ({ file }: { file: string }): Promise<Outcome> => {
    const metadata = await readMetadata(file, shell)
    return withApp(shell, async ({ clients }, { server }) => {
      const { client_id, client_secret } = await clients.register(metadata, { via: 'cli' })
      const rows = [
        ['issuer', server.issuer],
        ['client_id', client_id],
        ...(client_secret ? [['client_secret', client_secret]] : []),
      ]
      const once = client_secret ? '\n\nThe secret is shown this once: keep it now.' : ''
      return {
        json: { issuer: server.issuer, client_id, ...(client_secret ? { client_secret } : {}) },
        text: toColumns(rows) + once,
      }
    })
  }
}

const present = ({ id, metadata, createdAt }: StoredClient) => ({ ...metadata, client_id: id, created_at: createdAt })

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
    .command('list')
    .description('list the clients')
    .action(
      act(() =>
        withApp(shell, async ({ clients }) => {
          const list = await clients.list()
          const rows = list.map(({ id, metadata }) => [
            id,
            metadata.client_name ?? '',
            metadata.redirect_uris?.join(' ') ?? '',
          ])
          return { json: list.map(present), text: list.length > 0 ? toColumns(rows) : 'There are no clients yet.' }
        }),
      ),
    )
  command
    .command('show <client_id>')
    .description('show what is registered for a client')
    .action(
      act((id: string) =>
        withApp(shell, async ({ clients }) => {
          const client = present(await clients.get(id))
          return { json: client, text: JSON.stringify(client, undefined, 2) }
        }),
      ),
    )
  command
    .command('delete <client_id>')
    .description('delete a client: nobody can sign in to it any more')
    .option('--yes', 'really do it')
    .action(
      act((id: string, { yes }: { yes?: boolean }) => {
        if (!yes) throw new CommandError('usage', `Deleting ${id} cannot be undone. Add --yes to do it.`)
        return withApp(shell, async ({ clients }) => {
          await clients.delete(id)
          return { json: { client_id: id, deleted: true }, text: `Deleted ${id}.` }
        })
      }),
    )
  return command
}
