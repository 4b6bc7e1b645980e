import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config/index.ts'
import { DatabaseError, NoBinaryError } from '../platform/database/index.ts'
import { Refusal } from '../platform/refusal.ts'
import { SealingKeysError } from '../sealing-keys.ts'
import { accountCommands } from './commands/account.ts'
import { apiCommands } from './commands/api.ts'
import { clientCommands } from './commands/client.ts'
import { configCommands } from './commands/config.ts'
import { healthCommand } from './commands/health.ts'
import { keysCommands } from './commands/keys.ts'
import { mailCommands } from './commands/mail.ts'
import { organizationCommands } from './commands/organization.ts'
import { roleCommands } from './commands/role.ts'
import { CommandError, EXIT, type Outcome, type Shell } from './shell.ts'

/** Turns the work of a command into an action: says what came of it, as text or as JSON. */
export type Act = <Arguments extends unknown[]>(
  work: (...given: Arguments) => Promise<Outcome>,
) => (...given: Arguments) => Promise<void>

const HELP = `
Examples:
  $ npm run gatehouse -- account create --email ada@example.com --name Ada --link
  $ echo 'a long password' | npm run -s gatehouse -- account create --email ada@example.com --password-stdin
  $ npm run gatehouse -- client create --file my-app.json
  $ npm run -s gatehouse -- client list --json

Every command takes --json. It works while Gatehouse runs, and while it does not.

Exit codes: 0 done, 1 refused or not found, 2 not understood, 3 configuration not usable, 70 a fault of ours.`

/** What went wrong, for people and programs, and with which exit code. */
function explain(error: unknown): { exitCode: number; code: string; message: string } {
  if (error instanceof ConfigError)
    return { exitCode: EXIT.configuration, code: 'config.invalid', message: error.message }
  if (error instanceof NoBinaryError)
    return { exitCode: EXIT.configuration, code: 'database.none', message: error.message }
  if (error instanceof DatabaseError)
    return { exitCode: EXIT.configuration, code: 'database.unusable', message: error.message }
  if (error instanceof SealingKeysError)
    return { exitCode: EXIT.configuration, code: 'config.sealing_keys', message: error.message }
  if (error instanceof Refusal || error instanceof CommandError) {
    const exitCode = error.code === 'usage' ? EXIT.usage : EXIT.refused
    return { exitCode, code: error.code, message: error.message }
  }
  return {
    exitCode: EXIT.fault,
    code: 'fault',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}

/** Runs one command. @returns the exit code */
export async function runCommandLine(args: readonly string[], shell: Shell): Promise<number> {
  const isJson = args.includes('--json')
  let exitCode: number = EXIT.done
  const act: Act =
    (work) =>
    async (...given) => {
      try {
        const { text, json } = await work(...given)
        shell.out(isJson ? JSON.stringify(json, undefined, 2) : text)
      } catch (error) {
        const { exitCode: code, ...told } = explain(error)
        exitCode = code
        if (isJson) shell.out(JSON.stringify({ error: told }, undefined, 2))
        else shell.err(told.message)
      }
    }

  const program = new Command('gatehouse')
    .description('Looks after Gatehouse from the command line.')
    .addHelpText('after', HELP)
  for (const command of [
    accountCommands(shell, act),
    clientCommands(shell, act),
    apiCommands(shell, act),
    roleCommands(shell, act),
    organizationCommands(shell, act),
    configCommands(shell, act),
    keysCommands(shell, act),
    mailCommands(shell, act),
    healthCommand(shell, act),
  ]) {
    program.addCommand(command)
  }
  prepare(program, shell)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.done : EXIT.usage
  }
}

/** The same manners for every command: errors are returned and not exited on, and all of them know --json. */
function prepare(command: Command, shell: Shell): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: (text) => shell.out(text.trimEnd()), writeErr: (text) => shell.err(text.trimEnd()) })
  command.showHelpAfterError('(add --help for what there is)')
  if (command.commands.length === 0) command.option('--json', 'say it as JSON')
  for (const inner of command.commands) prepare(inner as Command, shell)
}
