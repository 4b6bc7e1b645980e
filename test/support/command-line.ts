import { runCommandLine } from '../../src/cli/program.ts'
import { openTestDatabase } from './database.ts'
import type { World } from './world.ts'

/** What a command said, and how it ended. */
export interface Said {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** What a command said as JSON. */
export const json = ({ out }: Said) => JSON.parse(out)

const CHEAP_HASHES = {
  GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_MEMORY_KIB: '7168',
  GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_PASSES: '1',
}

/** The command line on a database of its own, with cheap password hashes. */
export async function openCommandLine() {
  const database = await openTestDatabase()
  const settings: Record<string, string> = {
    NODE_ENV: 'test',
    MONGODB_URI: database.uri,
    DATA_DIR: '.data/test',
    ...CHEAP_HASHES,
  }
  return {
    database,
    settings,
    /** Runs a command, its words parted by spaces. */
    async run(args: string, { input = '', env = {} }: { input?: string; env?: object } = {}): Promise<Said> {
      const said = { out: [] as string[], err: [] as string[] }
      const exitCode = await runCommandLine(args.split(' '), {
        root: '.',
        env: { ...settings, ...env },
        readInput: async () => input,
        out: (line) => said.out.push(line),
        err: (line) => said.err.push(line),
      })
      return { exitCode, out: said.out.join('\n'), err: said.err.join('\n') }
    },
  }
}

/** The secrets of a running program, as a command is given them. */
export const secretsOf = ({ config: { secrets } }: World) => ({
  GATEHOUSE_SECRETS_COOKIE_KEYS: secrets.cookieKeys.join(','),
  GATEHOUSE_SECRETS_SEALING_KEYS: secrets.sealingKeys.join(','),
})

/** Runs a command beside a running program, on its database and with its secrets. */
export async function runBeside(world: World, args: readonly string[]): Promise<Said> {
  const { issuer, config, databaseUri } = world
  const said = { out: [] as string[], err: [] as string[] }
  const exitCode = await runCommandLine(args, {
    root: '.',
    env: {
      NODE_ENV: 'test',
      ISSUER: issuer,
      DATA_DIR: config.dataDir,
      MONGODB_URI: databaseUri,
      ...secretsOf(world),
      ...CHEAP_HASHES,
    },
    readInput: async () => '',
    out: (line) => said.out.push(line),
    err: (line) => said.err.push(line),
  })
  return { exitCode, out: said.out.join('\n'), err: said.err.join('\n') }
}
