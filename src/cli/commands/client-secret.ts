import { Command } from 'commander'
import type { SecretInfo } from '../../provider/index.ts'
import type { Act } from '../program.ts'
import { insist, type Outcome, type Shell, toColumns, toTable, withApp } from '../shell.ts'
import { parseCount } from './count.ts'

const MAX_DAYS = 3650

const present = ({ id, createdAt, expiresAt, lastUsedAt }: SecretInfo) => ({
  id,
  created_at: createdAt,
  expires_at: expiresAt ?? null,
  last_used_at: lastUsedAt ?? null,
})

function add(shell: Shell) {
  return (clientId: string, { days }: { days?: string }): Promise<Outcome> => {
    const count = days === undefined ? undefined : parseCount('--days', days, MAX_DAYS)
    return withApp(shell, async ({ clients }) => {
      const { secret, ...info } = await clients.secrets.add(clientId, { days: count })
      const rows = [
        ['client_id', clientId],
        ['secret id', info.id],
        ['client_secret', secret],
        ...(info.expiresAt ? [['expires', info.expiresAt.toISOString()]] : []),
      ]
      return {
        json: { client_id: clientId, client_secret: secret, ...present(info) },
        text: `${toColumns(rows)}\n\nThe secret is shown this once: keep it now. The one before works as well until you revoke it.`,
      }
    })
  }
}

function list(shell: Shell) {
  return (clientId: string) =>
    withApp(shell, async ({ clients }): Promise<Outcome> => {
      const secrets = await clients.secrets.list(clientId)
      const day = (at: Date | undefined, otherwise: string) => at?.toISOString().slice(0, 16) ?? otherwise
      const rows = secrets.map(({ id, createdAt, expiresAt, lastUsedAt }) => [
        id,
        day(createdAt, ''),
        day(expiresAt, 'never'),
        day(lastUsedAt, 'never'),
      ])
      const headings = ['SECRET ID', 'MADE', 'EXPIRES', 'LAST USED']
      return { json: secrets.map(present), text: toTable(rows, 'This client has no secret.', headings) }
    })
}

function revoke(shell: Shell) {
  return (clientId: string, secretId: string, { yes }: { yes?: boolean }): Promise<Outcome> => {
    insist(yes, `Apps that use ${secretId} will be refused at once.`)
    return withApp(shell, async ({ clients }) => {
      await clients.secrets.revoke(clientId, secretId)
      return { json: { client_id: clientId, id: secretId, revoked: true }, text: `Revoked ${secretId}.` }
    })
  }
}

/** Commands about the secrets of clients. */
export function secretCommands(shell: Shell, act: Act): Command {
  const command = new Command('secret').description('change the secret of a client while it goes on working')
  command
    .command('add <client_id>')
    .description('make one more secret; prints it once. Two work at the same time at most')
    .option('--days <days>', 'how long it is good (default: until it is revoked)')
    .action(act(add(shell)))
  command
    .command('list <client_id>')
    .description('list the secrets of a client: when they were made, expire and were last used')
    .action(act(list(shell)))
  command
    .command('revoke <client_id> <secret_id>')
    .description('end a secret at once')
    .option('--yes', 'really do it')
    .action(act(revoke(shell)))
  return command
}
