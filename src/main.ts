import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createApp } from './app.ts'
import { type Config, ConfigError, loadConfig } from './config/index.ts'
import { NoBinaryError } from './platform/database/index.ts'
import { createLogger } from './platform/logger.ts'
import { startServer } from './web/index.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const say = (line: string) => process.stdout.write(`${line}\n`)

/** What a start tells the person at the console: where it is, and what they can do next. */
function welcome({ server, environment }: Config, firstLink: string | undefined): string {
  const lines = [['Gatehouse', server.issuer]]
  if (firstLink) lines.push(['First administrator', `${server.issuer}/welcome/${firstLink}  (once, within 30 minutes)`])
  if (environment !== 'production') {
    lines.push(['Playground', `${server.issuer}/workbench/playground`], ['Inbox', `${server.issuer}/workbench/inbox`])
  }
  return `\n${lines.map(([name = '', value = '']) => `  ${name.padEnd(20)} ${value}`).join('\n')}\n`
}

async function main(): Promise<void> {
  const config = loadConfig({ env: process.env, configDir: `${root}/config` })
  const logger = createLogger({ level: config.log.level, isPretty: config.environment === 'development' })
  const app = await createApp({ config, logger, root, path: process.env.PATH, report: say })
  const server = await startServer(app.app.callback(), config.server.port)
  app.readiness.started()
  say(welcome(config, await app.signIn.invitations.issueFirstAdministrator()))

  let isStopping = false
  const stop = async (signal: string) => {
    if (isStopping) return
    isStopping = true
    logger.info({ signal }, 'stopping')
    app.readiness.draining()
    await server.drain(config.server.drainSeconds)
    await app.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void stop(signal))
}

main().catch((error: unknown) => {
  const isExpected =
    error instanceof ConfigError ||
    error instanceof NoBinaryError ||
    (error as { code?: unknown }).code === 'EADDRINUSE'
  process.stderr.write(`${isExpected ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`)
  process.exit(1)
})
