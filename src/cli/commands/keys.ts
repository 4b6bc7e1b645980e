import { Command } from 'commander'
import type { SigningKey } from '../../provider/index.ts'
import type { Act } from '../program.ts'
import { type Outcome, type Shell, toColumns, withApp } from '../shell.ts'

const ROTATE_HELP = `
Without --now the next key is published at once and signs when apps have had time to see it (keys.publishAheadDays).
With --now it signs at once: apps that keep keys for long refuse its tokens until they ask again. Do this when a key
may be known to others. What the key before has signed stays good until that key is removed (keys.keepAfterDays).
Running processes follow within seconds.`

const WHAT_NEXT = { next: 'signs from', current: 'is followed at', previous: 'is removed at' } as const

const present = ({ kid, alg, state, createdAt, dueAt }: SigningKey) => ({
  kid,
  alg,
  state,
  created_at: createdAt,
  due_at: dueAt,
})

const describe = ({ kid, alg, state, dueAt }: SigningKey) => [
  alg,
  state,
  kid,
  `${WHAT_NEXT[state]} ${dueAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
]

const tell = (keys: readonly SigningKey[]): Outcome => ({
  json: { signing_keys: keys.map(present) },
  text: toColumns(keys.map(describe)),
})

/** Commands about keys. */
export function keysCommands(shell: Shell, act: Act): Command {
  const command = new Command('keys').description('look at keys and change them')
  command
    .command('list')
    .description('list the signing keys, and what becomes of each')
    .action(act(() => withApp(shell, async ({ keys }) => tell(await keys.list()))))
  command
    .command('rotate')
    .description('change the signing keys before their time')
    .option('--alg <alg>', 'of this algorithm only, RS256 say')
    .option('--now', 'without waiting for apps to see the new key')
    .addHelpText('after', ROTATE_HELP)
    .action(
      act(({ alg, now = false }: { alg?: string; now?: boolean }) =>
        withApp(shell, async ({ keys }) => {
          await keys.rotate({ alg, isImmediate: now })
          return tell(await keys.list())
        }),
      ),
    )
  return command
}
