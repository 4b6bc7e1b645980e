// Gatehouse as it runs: every door, every middleware, MongoDB with majority writes, the audit trail, one log line a
// request. Only the limits are out of the way, since all of the load comes from one address.
import { createApp } from '../src/app.ts'
import { loadConfig } from '../src/config/index.ts'
import { newId, newSecret } from '../src/platform/ids.ts'
import { createLogger } from '../src/platform/logger.ts'
import { startServer } from '../src/web/index.ts'
import { findFreePort } from '../test/support/world.ts'
import { answer, createAnswers } from './answers.ts'
import { fillTokens } from './fill.ts'
import { type Announcement, API, CLIENT_NAME, PASSWORD, REDIRECT_URI } from './target.ts'

const PEOPLE = 64

const port = await findFreePort()
const config = loadConfig({
  configDir: 'config',
  env: {
    NODE_ENV: 'test',
    PORT: String(port),
    DATA_DIR: '.data/bench',
    GATEHOUSE_SECRETS_COOKIE_KEYS: `${newSecret()},${newSecret()}`,
    GATEHOUSE_SECRETS_SEALING_KEYS: newSecret(),
    GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '10000',
    GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_IDENTIFIER: '100',
    GATEHOUSE_SIGN_IN_PASSWORD_HASHING_QUEUE_LIMIT: '1000',
    ...(process.env.BENCH_MONGODB_URI ? { MONGODB_URI: process.env.BENCH_MONGODB_URI } : {}),
  },
})
const logger = createLogger({ level: 'info', isPretty: false })
const databaseName = `bench_${newId().replaceAll('-', '_')}`
const app = await createApp({
  config,
  logger,
  root: '.',
  path: process.env.PATH,
  databaseName,
  report: () => {},
})

async function addPeople(): Promise<string[]> {
  const emails = Array.from({ length: PEOPLE }, (_, index) => `person-${index}@example.com`)
  for (const email of emails) {
    const account = await app.accounts.register({ email, name: 'Ada Byron', roles: ['user'], via: 'cli' })
    await app.signIn.password.set(account, await app.signIn.password.prepare(PASSWORD, account), { via: 'cli' })
  }
  return emails
}

const people = await addPeople()
const { client_id, client_secret = '' } = await app.clients.register(
  {
    client_name: CLIENT_NAME,
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    api_permissions: { [API]: ['read:posts'] },
    first_party: true,
  },
  { via: 'cli' },
)
const server = await startServer(app.app.callback(), port)
await app.start()
app.readiness.started()

answer({
  ...createAnswers(),
  databasePid: async () => (await app.connection.db?.admin().serverStatus())?.pid,
  fill: (value) => fillTokens(app.connection, value),
  stop: async () => {
    await server.drain(1)
    await app.connection.dropDatabase()
    await app.close()
    process.exit(0)
  },
})
const { issuer } = config.server
process.send?.({ issuer, clientId: client_id, clientSecret: client_secret, people } satisfies Announcement)
