import { Command } from 'commander'
import type { App } from '../../app.ts'
import type { SigningKey } from '../../provider/index.ts'
import type { Act } from '../program.ts'
import { CommandError, insist, type Outcome, type Shell, toColumns, withApp } from '../shell.ts'

const ROTATE_HELP = `
Without --now the next key is published at once and signs when apps have had time to see it (keys.publishAheadDays).
With --now it signs at once: apps that keep keys for long refuse its tokens until they ask again. What the key before
has signed stays good until that key is removed (keys.keepAfterDays): a key that others know is revoked instead.
Running processes follow within seconds.`

const REVOKE_HELP = `
For a key that others may know. Nothing is signed with it and nothing that it signed is believed by Gatehouse any more;
if it was in use, the next one signs at once. Apps and APIs go on believing it until they fetch the keys again (after five
minutes, when they heed our headers): restart those that matter. Running processes follow within seconds.`

const RESEAL_HELP = `
To change the sealing key: put the new one before the old in GATEHOUSE_SECRETS_SEALING_KEYS, restart every process, run
this, and remove the old one when keys list says that it can be removed. That is some time later: access tokens that are
out there were made with it, and cannot be asked about or revoked without it. It can be stopped and run again.`

const WHAT_NEXT = { next: 'signs from', current: 'is followed at', previous: 'is removed at' } as const

const present = ({ kid, alg, state, createdAt, dueAt }: SigningKey) => ({
  kid,
  alg,
  state,
  created_at: createdAt,
  due_at: dueAt,
})

const at = (date: Date) => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`

const describe = ({ kid, alg, state, dueAt }: SigningKey) => [alg, state, kid, `${WHAT_NEXT[state]} ${at(dueAt)}`]

const tell = (keys: readonly SigningKey[]): Outcome => ({
  json: { signing_keys: keys.map(present) },
  text: toColumns(keys.map(describe)),
})

/** The sealing keys: those that are configured, and those that are missed, each with what hangs on it. */
async function surveySealing({ keyIds, survey, neededUntil }: App['reseal']) {
  const [counts, needed] = await Promise.all([survey(), neededUntil()])
  const stillNeeded = [...needed].flatMap(([keyId, until]) => (until > new Date() ? [keyId] : []))
  const missing = new Set([...counts.map(({ keyId }) => keyId), ...stillNeeded]).difference(new Set(keyIds))
  return [...keyIds, ...missing].map((id) => {
    const own = counts.filter(({ keyId }) => keyId === id)
    return {
      id,
      role: id === keyIds[0] ? ('seals' as const) : missing.has(id) ? ('missing' as const) : ('opens' as const),
      values: own.reduce((sum, { count }) => sum + count, 0),
      collections: Object.fromEntries(own.map(({ collection, count }) => [collection, count])),
      needed_until: needed.get(id),
    }
  })
}

type SealingKey = Awaited<ReturnType<typeof surveySealing>>[number]

/** What an operator may do with a sealing key. */
function advise({ role, values, needed_until: until }: SealingKey): string {
  if (role === 'seals') return ''
  if (until && until > new Date()) return `needed until ${at(until)}`
  if (role === 'missing') return 'needed'
  return until && values === 0 ? 'can be removed' : 'needed until keys reseal was run'
}

/** Everything there is to know about keys. */
async function list({ keys, reseal }: App): Promise<Outcome> {
  const [signing, sealing] = [tell(await keys.list()), await surveySealing(reseal)]
  const rows = sealing.map((key) => {
    const { id, role, values } = key
    return [id, role, values === 1 ? '1 value' : `${values} values`, advise(key)]
  })
  return {
    json: { ...(signing.json as object), sealing_keys: sealing },
    text: `Signing keys\n${signing.text}\n\nSealing keys\n${toColumns(rows)}`,
  }
}

function revoke(shell: Shell) {
  return (kid: string, { yes }: { yes?: boolean }): Promise<Outcome> => {
    insist(yes, `Nothing that ${kid} has signed will be good any more.`)
    return withApp(shell, async ({ keys }) => {
      await keys.revoke(kid)
      return tell(await keys.list())
    })
  }
}

/** Seals anew what hangs on old keys, and says how far it is at every hundredth. @throws CommandError when some is left */
async function resealAll({ reseal, audit }: App, shell: Shell): Promise<Outcome> {
  let told = -1
  const result = await reseal.run(({ done, total }) => {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
    if (percent > told) shell.err(`${done} of ${total}`)
    told = Math.max(told, percent)
  })
  await audit.record('sealed_values.resealed', { actor: { type: 'system' } }, result)
  const { keyId, resealed, remaining, unreadable } = result
  if (unreadable > 0) {
    throw new CommandError(
      'keys.unreadable',
      `No configured key opens ${unreadable} values; ${resealed} were sealed anew. Add the key that keys list misses.`,
    )
  }
  if (remaining > 0) {
    throw new CommandError(
      'keys.remaining',
      `${remaining} values hang on old keys again; ${resealed} were sealed anew. Restart every process with the new key, then run this again.`,
    )
  }
  const dates = [...(await reseal.neededUntil()).values()].filter((until) => until > new Date())
  const until = dates.length > 0 ? new Date(Math.max(...dates.map(Number))) : undefined
  const done = `Sealed ${resealed} values anew with ${keyId}.`
  return {
    json: { key_id: keyId, resealed, needed_until: until },
    text: until ? `${done} Keep the old keys until ${at(until)}: access tokens that are out there need them.` : done,
  }
}

/** Commands about keys. */
export function keysCommands(shell: Shell, act: Act): Command {
  const command = new Command('keys').description('look at keys and change them')
  command
    .command('list')
    .description('list the signing keys and what becomes of each, and the sealing keys and how much hangs on each')
    .action(act(() => withApp(shell, list)))
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
  command
    .command('revoke <kid>')
    .description('end a signing key that others may know, at once')
    .option('--yes', 'really do it')
    .addHelpText('after', REVOKE_HELP)
    .action(act(revoke(shell)))
  command
    .command('reseal')
    .description('seal everything anew that hangs on an old sealing key')
    .addHelpText('after', RESEAL_HELP)
    .action(act(() => withApp(shell, (app) => resealAll(app, shell))))
  return command
}
