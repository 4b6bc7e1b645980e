import { Command } from 'commander'
import type { ClientInvitation } from '../../provider/index.ts'
import type { Act } from '../program.ts'
import { CommandError, type Outcome, type Shell, toColumns, toTable, withApp } from '../shell.ts'
import { parseCount } from './count.ts'

const MAX_USES = 10_000
const MAX_DAYS = 365

const present = ({ id, uses, usesLeft, createdAt, expiresAt, lastUsedAt }: ClientInvitation) => ({
  id,
  uses,
  uses_left: usesLeft,
  created_at: createdAt,
  expires_at: expiresAt,
  last_used_at: lastUsedAt ?? null,
})

/** The command that makes a token with which apps register themselves. */
export function inviteCommand(shell: Shell, act: Act): Command {
  const invite = (options: { uses: string; days: string }): Promise<Outcome> => {
    const uses = parseCount('--uses', options.uses, MAX_USES)
    const days = parseCount('--days', options.days, MAX_DAYS)
    return withApp(shell, async ({ clients }, { server, registration }) => {
      if (!registration.isEnabled)
        throw new CommandError(
          'client.registration_off',
          'Apps cannot register themselves: registration.isEnabled is off.',
        )
      const { token, ...invitation } = await clients.invitations.issue({ uses, days })
      const endpoint = `${server.issuer}/reg`
      const rows = [
        ['registration endpoint', endpoint],
        ['initial access token', token],
        [
          'good for',
          `${uses} ${uses === 1 ? 'registration' : 'registrations'} until ${invitation.expiresAt.toISOString()}`,
        ],
      ]
      return {
        json: { registration_endpoint: endpoint, initial_access_token: token, ...present(invitation) },
        text: `${toColumns(rows)}\n\nThe token is shown this once: keep it now.`,
      }
    })
  }
  return new Command('invite')
    .description('make a token with which apps register themselves (RFC 7591); prints it once')
    .option('--uses <number>', 'how many apps can register with it', '1')
    .option('--days <days>', 'how long it is good', '7')
    .action(act(invite))
}

function list(shell: Shell) {
  return () =>
    withApp(shell, async ({ clients }): Promise<Outcome> => {
      const invitations = await clients.invitations.list()
      const rows = invitations.map(({ id, uses, usesLeft, expiresAt }) => [
        id,
        `${usesLeft} of ${uses}`,
        expiresAt.toISOString().slice(0, 16),
      ])
      const headings = ['INVITATION ID', 'USES LEFT', 'EXPIRES']
      return { json: invitations.map(present), text: toTable(rows, 'There are no invitations.', headings) }
    })
}

function revoke(shell: Shell) {
  return (id: string) =>
    withApp(shell, async ({ clients }): Promise<Outcome> => {
      await clients.invitations.revoke(id)
      return { json: { id, revoked: true }, text: `Revoked ${id}.` }
    })
}

/** Commands about tokens with which apps register themselves. */
export function invitationCommands(shell: Shell, act: Act): Command {
  const command = new Command('invitation').description('look after the tokens that `client invite` made')
  command
    .command('list')
    .description('list those that have not expired')
    .action(act(list(shell)))
  command
    .command('revoke <invitation_id>')
    .description('end one at once; apps that registered with it stay')
    .action(act(revoke(shell)))
  return command
}
