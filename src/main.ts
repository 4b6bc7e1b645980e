import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createApp } from './app.ts'
import { type Config, ConfigError, loadConfig } from './config/index.ts'
import { DatabaseError, NoBinaryError } from './platform/database/index.ts'
import { createLogger } from './platform/logger.ts'
import { startServer } from './web/index.ts'

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

async function main(): Promise<void> {
  const config = loadConfig({ env: process.env, configDir: `${root}/config` })
  const logger = createLogger({ level: config.log.level, isPretty: config.environment === 'development' })
  // Listened for from here on, so that a stop during the start leaves no database server behind.
  const stopped = stopSignal()
  const app = await createApp({ config, logger, root, path: process.env.PATH, report: say })
  try {
    const server = await startServer(app.app.callback(), config.server.port)
    app.start()
    app.readiness.started()
    if (!app.notices.canSend) logger.warn(WITHOUT_MAIL)
    say(welcome(config, await app.signIn.invitations.issueFirstAdministrator()))

    logger.info({ signal: await stopped }, 'stopping')
    app.readiness.draining()
    await server.drain(config.server.drainSeconds)
  } finally {
    await app.close()
  }
}

/** What the person at the console reads when a start fails: a sentence where we know what is wrong. */
function explain(error: unknown): string {
  if ([ConfigError, DatabaseError, NoBinaryError].some((kind) => error instanceof kind)) return (error as Error).message
  const { code, port } = error as { code?: unknown; port?: unknown }
  if (code === 'EADDRINUSE') return `Port ${port} is taken by another program: stop it, or set PORT to another one.`
  if (code === 'EACCES' && port) return `Port ${port} may not be used by this user: set PORT to one above 1023.`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${explain(error)}\n`)
    process.exit(1)
  },
)
