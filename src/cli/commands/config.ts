import { Command } from 'commander'
import { describeConfig } from '../../config/index.ts'
import type { Act } from '../program.ts'
import { configOf, type Outcome, type Shell, toColumns } from '../shell.ts'

const show = (value: unknown) => (Array.isArray(value) ? value.join(', ') : String(value ?? ''))

/** Commands about the configuration. They open nothing. */
export function configCommands(shell: Shell, act: Act): Command {
  const command = new Command('config').description('check and show the configuration')
  command
    .command('check')
    .description('say whether the configuration can be used, and every problem if not')
    .action(
      act(async (): Promise<Outcome> => {
        const { environment } = configOf(shell)
        return { json: { ok: true, environment }, text: `The configuration for ${environment} is fine.` }
      }),
    )
  command
    .command('show')
    .description('show what every option is set to; secrets are masked')
    .action(
      act(async (): Promise<Outcome> => {
        const options = describeConfig(configOf(shell))
        return { json: options, text: toColumns(options.map(({ path, env, value }) => [path, env, show(value)])) }
      }),
    )
  return command
}
