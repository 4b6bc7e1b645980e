import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createApp } from './app.ts'
import { type Config, ConfigError, loadConfig } from './config/index.ts'
import { DatabaseError, NoBinaryError, openDatabase } from './platform/database/index.ts'
import { createLogger, type Logger } from './platform/logger.ts'
import { SealingKeysError } from './sealing-keys.ts'
import { startServer } from './web/index.ts'
import { isSpokesman, isSupervisor, superviseWorkers, threadsFor, workerNumber } from './workers.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const say = (line: string) => process.stdout.write(`${line}\n`)

const WITHOUT_MAIL =
  'mail.smtp.url and mail.from are not set, so no mail is sent: people cannot make accounts, confirm or change their ' +
  'e-mail, sign in by a link or set a new password by themselves, and are not told of changes; hand out links by the CLI'

/** What a start tells the person at the console: where it is, and what they can do next. */
function welcome({ server, environment }: Config, firstLink: string | undefined): string {
  const lines = [['Gatehouse', server.issuer]]
  if (firstLink) lines.push(['First administrator', `${server.issuer}/welcome/${firstLink}  (once, within 30 minutes)`])
  if (environment !== 'production') {
    lines.push(['Playground', `${server.issuer}/workbench/playground`], ['Inbox', `${server.issuer}/workbench/inbox`])
  }
  return `\n${lines.map(([name = '', value = '']) => `  ${name.padEnd(20)} ${value}`).join('\n')}\n`
}

/** Resolves at the first signal to stop. A second one is not caught: it ends the process at once. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => resolve(signal))
  })
}

/** What both kinds of process run with. */
interface Run {
  readonly config: Config
  readonly logger: Logger
  readonly stopped: Promise<string>
}

/** Looks after workers. @returns the exit code */
async function supervise({ config, logger, stopped }: Run): Promise<number> {
  const { server, database, dataDir } = config
  // A server of our own is started here and joined by the workers: so it outlives every one of them.
  const held = database.uri
    ? undefined
    : await openDatabase({ ...database, dataDir, path: process.env.PATH, report: say })
  try {
    return await superviseWorkers({ count: server.workers, drainSeconds: server.drainSeconds, logger, stopped })
  } finally {
    await held?.close()
  }
}

/** Serves until it is stopped. @returns the exit code */
async function serve({ config, logger, stopped }: Run): Promise<number> {
  const app = await createApp({ config, logger, root, path: process.env.PATH, report: say })
  try {
    await app.start()
    const server = await startServer(app.app.callback(), config.server.port)
    app.readiness.started()
    if (isSpokesman()) {
      if (!app.notices.canSend) logger.warn(WITHOUT_MAIL)
      say(welcome(config, await app.signIn.invitations.issueFirstAdministrator()))
    }

    logger.info({ signal: await stopped }, 'stopping')
    app.readiness.draining()
    await server.drain(config.server.drainSeconds)
    return 0
  } finally {
    await app.close()
  }
}

/** The program, as the supervisor or as one that serves. @returns the exit code */
async function main(): Promise<number> {
  const config = loadConfig({ env: process.env, configDir: `${root}/config` })
  const { server, environment, log, signIn } = config
  // Read by libuv when the pool is first used, and by the workers when they start.
  process.env.UV_THREADPOOL_SIZE ||= String(threadsFor(signIn.password.hashing.concurrency))
  const worker = workerNumber()
  const fields = worker === undefined ? undefined : { worker }
  const logger = createLogger({ level: log.level, isPretty: environment === 'development', fields })
  // Listened for from here on, so that a stop during the start leaves no database server behind.
  const run = { config, logger, stopped: stopSignal() }
  return isSupervisor(server.workers) ? supervise(run) : serve(run)
}

/** What the person at the console reads when a start fails: a sentence where we know what is wrong. */
function explain(error: unknown): string {
  const isKnown = [ConfigError, DatabaseError, NoBinaryError, SealingKeysError].some((kind) => error instanceof kind)
  if (isKnown) return (error as Error).message
  const { code, port } = error as { code?: unknown; port?: unknown }
  if (code === 'EADDRINUSE') return `Port ${port} is taken by another program: stop it, or set PORT to another one.`
  if (code === 'EACCES' && port) return `Port ${port} may not be used by this user: set PORT to one above 1023.`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`${explain(error)}\n`)
    process.exit(1)
  },
)
