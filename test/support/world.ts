import { randomBytes, randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { env } from 'node:process'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/index.ts'
import { newId } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import type { MethodEntry } from '../../src/sign-in/index.ts'
import { startServer } from '../../src/web/index.ts'
import { testServer } from './database.ts'

/** What a test changes. */
export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A folder of options in place of the repository's. */
  readonly configDir?: string
  readonly extraMethods?: readonly MethodEntry[]
  /** The folder that holds its views and configuration, where those are not ours. */
  readonly root?: string
  /** The world whose database and secrets it shares, as a second process of the same installation. Closed before it. */
  readonly beside?: World | undefined
}

const secret = () => randomBytes(32).toString('base64url')

/** Below those that systems give away by themselves, of which another process may get any one at any moment. */
const PORTS = { first: 20_000, pairs: 6000 }

async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined)).listen(port, () => resolve(server))
  })
}

/**
 * A port that nobody listens on, and that no other process finds: whoever holds the port above it has it to give away,
 * for as long as the process lives.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + 2 * randomInt(PORTS.pairs)
    const claim = (await listenOn(port + 1))?.unref()
    const probe = claim && (await listenOn(port))
    if (probe) {
      await new Promise((resolve) => probe.close(resolve))
      return port
    }
    claim?.close()
  }
}

/** A password that meets the policy. */
export const PASSWORD = 'Correct horse 4 batteries'

/** The whole program on a port and a database of its own, with cheap password hashes. */
export async function createWorld({
  env: changes = {},
  configDir = 'config',
  extraMethods,
  root = '.',
  beside,
}: WorldOptions = {}) {
  const port = changes.PORT ? Number(changes.PORT) : await findFreePort()
  const config = loadConfig({
    configDir,
    env: {
      NODE_ENV: 'test',
      PORT: String(port),
      DATA_DIR: testServer.dataDir,
      GATEHOUSE_LOG_LEVEL: 'info',
      GATEHOUSE_SECRETS_COOKIE_KEYS: beside?.config.secrets.cookieKeys.join() ?? `${secret()},${secret()}`,
      GATEHOUSE_SECRETS_SEALING_KEYS: beside?.config.secrets.sealingKeys.join() ?? secret(),
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_MEMORY_KIB: '7168',
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_PASSES: '1',
      ...(env.TEST_MONGODB_URI ? { MONGODB_URI: env.TEST_MONGODB_URI } : {}),
      ...changes,
    },
  })
  const log: string[] = []
  const logger = createLogger({
    level: config.log.level,
    isPretty: false,
    destination: { write: (line) => void log.push(line) },
  })
  const databaseName = beside?.connection.name ?? `test_${newId().replaceAll('-', '_')}`
  const app = await createApp({
    config,
    logger,
    root,
    path: env.PATH,
    databaseName,
    report: () => {},
    extraMethods,
  })
  await app.start()
  const server = await startServer(app.app.callback(), config.server.port)
  app.readiness.started()

  return {
    ...app,
    config,
    /** Where its database is, for another process. */
    get databaseUri() {
      const { host, port, name } = app.connection
      const uri = new URL(env.TEST_MONGODB_URI ?? `mongodb://${host}:${port}/?directConnection=true`)
      uri.pathname = `/${name}`
      return uri.href
    },
    issuer: config.server.issuer,
    /** Every line that was logged. */
    log,
    async addAccount(email: string, { password = PASSWORD, roles = [] }: { password?: string; roles?: string[] } = {}) {
      const account = await app.accounts.register({ email, name: 'Ada Byron', roles, via: 'cli' })
      await app.signIn.password.set(account, await app.signIn.password.prepare(password, account), { via: 'cli' })
      return account
    },
    /** A client that comes back to this address, public unless the metadata says otherwise. */
    addClient: (metadata: Record<string, unknown> = {}) =>
      app.clients.register(
        {
          client_name: 'Reading Room',
          redirect_uris: ['https://rp.example/callback'],
          post_logout_redirect_uris: ['https://rp.example/'],
          grant_types: ['authorization_code', 'refresh_token'],
          token_endpoint_auth_method: 'none',
          ...metadata,
        },
        { via: 'cli' },
      ),
    /** The mails to this address (to anybody, when none is given) that were sent so far, the newest first. */
    async mails(to?: string) {
      await app.notices.delivery.settle()
      const all = (await app.mailBox?.list(200)) ?? []
      return to ? all.filter((mail) => mail.to === to) : all
    },
    /** The text messages to this number (to any, when none is given) that were sent so far, the newest first. */
    async texts(to?: string) {
      await app.texting?.sender.settled()
      const all = (await app.smsBox?.list(200)) ?? []
      return to ? all.filter((text) => text.to === to) : all
    },
    async events(name?: Parameters<typeof app.audit.list>[0]['name']) {
      return app.audit.list(name ? { name } : {}, 200)
    },
    async close() {
      await server.drain(1)
      if (!beside && !changes.MONGODB_URI) await app.connection.dropDatabase()
      await app.close()
    },
  }
}

/** A running program. */
export type World = Awaited<ReturnType<typeof createWorld>>
