import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { kill, platform } from 'node:process'
import { after, afterEach, before, type TestContext, test } from 'node:test'
import { findBinary } from '../../src/platform/database/embedded/binary.ts'
import type { Database } from '../../src/platform/database/index.ts'
import { Browser } from '../support/browser.ts'
import { openTestDatabase, testServer } from '../support/database.ts'
import { type Program, startProgram } from '../support/program.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { scratchFolder } from '../support/scratch.ts'
import { createWorld, findFreePort, PASSWORD, type World } from '../support/world.ts'

/** A world whose database two workers serve as well; they are spoken to, and it only looks after accounts and clients. */
let database: Database
let world: World
before(async () => {
  database = await openTestDatabase()
  world = await createWorld({ env: { MONGODB_URI: database.uri } })
  await world.addAccount('ada@example.com')
})
afterEach(() => world.connection.collection('rate_limits').deleteMany({}))
after(async () => {
  await world.close()
  await database.close()
})

/** The world's settings on a port of their own, for two workers. */
async function settingsFor(changes: Readonly<Record<string, string>> = {}) {
  const port = await findFreePort()
  const { cookieKeys, sealingKeys } = world.config.secrets
  const settings = {
    NODE_ENV: 'test',
    WORKERS: '2',
    PORT: String(port),
    MONGODB_URI: database.uri,
    DATA_DIR: testServer.dataDir,
    GATEHOUSE_LOG_LEVEL: 'info',
    GATEHOUSE_SECRETS_COOKIE_KEYS: cookieKeys.join(),
    GATEHOUSE_SECRETS_SEALING_KEYS: sealingKeys.join(),
    GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_MEMORY_KIB: '7168',
    GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_PASSES: '1',
    GATEHOUSE_SIGN_IN_PASSWORD_HASHING_CONCURRENCY: '3',
    ...changes,
  }
  return { issuer: `http://localhost:${port}`, settings }
}

interface Line {
  readonly msg: string
  readonly worker?: number
  readonly pid?: number
}

const linesOf = ({ output }: Program): Line[] =>
  output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line))

/** The process of each worker, by its number. */
const workersOf = (program: Program) =>
  new Map(linesOf(program).flatMap(({ msg, worker, pid }) => (msg === 'worker started' && pid ? [[worker, pid]] : [])))

/** Two workers that serve. */
async function startWorkers(t: TestContext) {
  const { issuer, settings } = await settingsFor()
  const program = startProgram(t, settings)
  await program.says(/"worker":2,"pid":\d+,"msg":"worker started"/)
  return { issuer, settings, program }
}

/** A browser that makes a connection for every request, so that the workers take turns. */
function newBrowser(issuer: string): Browser {
  const browser = new Browser(issuer)
  browser.headers = { connection: 'close' }
  return browser
}

async function relyingParty(issuer: string): Promise<RelyingParty> {
  const rp = await RelyingParty.create({ ...world, issuer }, { first_party: true })
  rp.browser = newBrowser(issuer)
  return rp
}

async function stop(program: Program): Promise<void> {
  program.child.kill('SIGTERM')
  assert.equal(await program.ended, 0)
}

/** Counts failures up to the limit, and says how the right password is answered then. */
async function statusAfterFailures(rp: RelyingParty, failures: number): Promise<number> {
  const attempt = async (password: string) => {
    rp.browser = newBrowser(rp.browser.issuer)
    const { url } = await rp.start()
    const page = await rp.browser.press(await rp.browser.open(url), 'continue', { identifier: 'ada@example.com' })
    return rp.browser.press(page, 'sign-in', { password })
  }
  for (let count = 0; count < failures; count += 1) assert.equal((await attempt('wrong')).status, 200)
  return (await attempt(PASSWORD)).status
}

/** The names of a process's threads. */
const threadsOf = (pid: number) =>
  readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim())

test('two workers are one program', async (t) => {
  const { issuer, program } = await startWorkers(t)
  const rp = await relyingParty(issuer)
  const started = await rp.start()
  const page = await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')

  await t.test('what one began the other goes on with', { timeout: 60_000 }, async () => {
    assert.ok(answerOf(page).code)
    // Lines leave a moment after the answers that they are about.
    for (const worker of [1, 2]) await program.says(new RegExp(`"worker":${worker},.*"msg":"request"`))
  })

  await t.test('the console is told once', () => {
    assert.equal(program.output().split('Playground').length, 2)
  })

  await t.test('a code is redeemed once, whichever is asked', async () => {
    const form = {
      grant_type: 'authorization_code',
      code: answerOf(page).code ?? '',
      client_id: rp.clientId,
      redirect_uri: rp.redirectUri,
      code_verifier: started.verifier,
    }
    const redeem = async () => {
      const headers = { connection: 'close' }
      return (await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(form), headers })).status
    }
    const statuses = await Promise.all(Array.from({ length: 20 }, redeem))
    assert.deepEqual(statuses.sort(), [200, ...Array(19).fill(400)])
  })

  await t.test('failures are counted over both', async () => {
    assert.equal(await statusAfterFailures(rp, world.config.signIn.limits.failuresPerIdentifier), 429)
  })

  await t.test('each is ready by itself', async () => {
    for (let count = 0; count < 4; count += 1) assert.equal((await newBrowser(issuer).get('/health/ready')).status, 200)
  })

  await t.test(
    'a pool of threads fits what is hashed at once, with some to spare',
    { skip: platform !== 'linux' },
    () => {
      for (const pid of workersOf(program).values())
        assert.equal(threadsOf(pid).filter((name) => name.startsWith('libuv-worker')).length, 3 + 4)
    },
  )

  await stop(program)
  for (const pid of workersOf(program).values()) assert.throws(() => kill(pid, 0), { code: 'ESRCH' })
})

test('a worker that is killed is replaced, and nobody who comes after that notices', async (t) => {
  const { issuer, program } = await startWorkers(t)
  const rp = await relyingParty(issuer)
  const started = await rp.start()
  const half = await rp.browser.press(await rp.browser.open(started.url), 'continue', { identifier: 'ada@example.com' })
  kill(workersOf(program).get(1) ?? 0, 'SIGKILL')
  await program.says(/"worker":3,"pid":\d+,"msg":"worker started"/)
  assert.match(program.output(), /"signal":"SIGKILL","delayMs":0,"msg":"worker ended, another one takes its place"/)

  // A sign-in that was under way is finished, and nothing is told twice.
  const tokens = await rp.redeem(await rp.browser.press(half, 'sign-in', { password: PASSWORD }), started)
  assert.ok(tokens.access_token)
  const ask = () => newBrowser(issuer).get('/.well-known/openid-configuration')
  const pages = await Promise.all(Array.from({ length: 20 }, ask))
  assert.deepEqual(new Set(pages.map(({ status }) => status)), new Set([200]))
  assert.equal(program.output().split('Playground').length, 2)
  await stop(program)
})

test('a worker that is told to stop drains, and is replaced', async (t) => {
  const { program } = await startWorkers(t)
  kill(workersOf(program).get(2) ?? 0, 'SIGTERM')
  await program.says(/"worker":3,"pid":\d+,"msg":"worker started"/)
  assert.match(program.output(), /"worker":2,"exitCode":0,"signal":null/)
  await stop(program)
})

test('what keeps the first worker from starting is said once, and ends the program', async (t) => {
  const { settings } = await settingsFor({ MONGODB_URI: 'mongodb://127.0.0.1:1/x' })
  const program = startProgram(t, settings)
  assert.equal(await program.ended, 1)
  assert.match(program.output(), /^MongoDB cannot be used: [^\n]*\n$/)
})

test('a port that is taken is said once', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, resolve))
  const address = other.address()
  const { settings } = await settingsFor({ PORT: String(typeof address === 'object' ? address?.port : 0) })
  const program = startProgram(t, settings)
  assert.equal(await program.ended, 1)
  assert.match(program.output(), /^Port \d+ is taken[^\n]*\n$/)
  other.close()
})

test('workers join the server that the program brings along, and it ends with the last of them', async (t) => {
  const folder = scratchFolder(t)
  const binary = await findBinary({ path: undefined, cacheDir: testServer.cacheDir, report: () => {} })
  const { issuer, settings } = await settingsFor({ DATA_DIR: folder, GATEHOUSE_DATABASE_MONGOD_BINARY: binary })
  const { MONGODB_URI: _, ...own } = settings
  const program = startProgram(t, own)
  await program.says(/"worker":2,"pid":\d+,"msg":"worker started"/)
  kill(workersOf(program).get(1) ?? 0, 'SIGKILL')
  await program.says(/"worker":3,"pid":\d+,"msg":"worker started"/)
  assert.equal((await newBrowser(issuer).get('/health/ready')).status, 200)
  await stop(program)
  assert.ok(!existsSync(join(folder, 'mongodb', 'server.json')))
  assert.deepEqual(readdirSync(join(folder, 'mongodb', 'leases')), [])
})
