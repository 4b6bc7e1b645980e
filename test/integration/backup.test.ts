// What docs/production.md promises of a backup: a consistent copy of the data and the keys are enough to go on elsewhere.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cp } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { env } from 'node:process'
import { type TestContext, test } from 'node:test'
import type { Connection } from 'mongoose'
import * as oidc from 'openid-client'
import { runCommandLine } from '../../src/cli/program.ts'
import { findBinary } from '../../src/platform/database/embedded/binary.ts'
import { startEmbeddedServer } from '../../src/platform/database/embedded/index.ts'
import { testServer } from '../support/database.ts'
import { startProgram } from '../support/program.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { scratchFolder } from '../support/scratch.ts'
import { createWorld, findFreePort, type World } from '../support/world.ts'

const secret = () => randomBytes(32).toString('base64url')

/** A folder with a database server of its own. Hooks run in order: the server is stopped before the folder is removed. */
function databaseFolder(t: TestContext) {
  let stop = async () => {}
  t.after(() => stop())
  const dataDir = scratchFolder(t)
  const start = async () => {
    const sources = { path: undefined, cacheDir: testServer.cacheDir, report: () => {} }
    const server = await startEmbeddedServer({ dataDir, binary: await findBinary(sources), report: () => {} })
    stop = server.stop
    return { uri: server.uri.replace('/?', '/gatehouse?'), stop }
  }
  return { dataDir, start }
}

/** Copies the files of a running server while it holds its writes back, as a snapshot of its file system would. */
async function copyData(connection: Connection, from: string, to: string): Promise<void> {
  const admin = connection.getClient().db('admin')
  await admin.command({ fsync: 1, lock: true })
  try {
    // What the server measures of itself is no data: it is written on, and files come and go meanwhile.
    const filter = (path: string) => !['mongod.lock', 'diagnostic.data'].includes(basename(path))
    await cp(join(from, 'mongodb', 'data'), join(to, 'mongodb', 'data'), { recursive: true, filter })
  } finally {
    await admin.command({ fsyncUnlock: 1 })
  }
}

/** Signs in by the session again and again, and keeps what it got, until it is told to stop. */
function keepBusy(rp: RelyingParty) {
  const tokens: string[] = []
  let isOver = false
  const run = async () => {
    while (!isOver) {
      const started = await rp.start({ prompt: 'none' })
      const { refresh_token = '' } = await rp.redeem(await rp.browser.open(started.url), started)
      tokens.push(refresh_token)
    }
  }
  const running = run()
  const stop = () => {
    isOver = true
    return running
  }
  return { tokens, stop }
}

const refresh = (rp: RelyingParty, token: string) => oidc.refreshTokenGrant(rp.configuration, token)

/** A program that was used until now, a copy of its data from while it was in use, and what was answered before that. */
async function backUp(t: TestContext) {
  const [original, copy] = [databaseFolder(t), databaseFolder(t)]
  const port = await findFreePort()
  const settings = {
    PORT: String(port),
    GATEHOUSE_SECRETS_COOKIE_KEYS: `${secret()},${secret()}`,
    GATEHOUSE_SECRETS_SEALING_KEYS: secret(),
  }
  const server = await original.start()
  const world = await createWorld({ env: { ...settings, MONGODB_URI: server.uri } })
  await world.addAccount('ada@example.com')
  const rp = await RelyingParty.create(world, { first_party: true })
  await rp.run('ada@example.com')

  const busy = keepBusy(rp)
  while (busy.tokens.length < 5) await rp.browser.get('/health/ready')
  const answered = [...busy.tokens]
  await copyData(world.connection, original.dataDir, copy.dataDir)
  await busy.stop()
  await world.addAccount('late@example.com')
  await world.close()
  await server.stop()
  return { copy, settings, rp, answered }
}

test('a copy taken while people sign in, and the keys, are enough to go on elsewhere', async (t) => {
  const { copy, settings, rp, answered } = await backUp(t)
  const server = await copy.start()
  const addressed = { ...settings, MONGODB_URI: server.uri }

  await t.test('with the same keys', async (inner) => {
    const world: World = await createWorld({ env: addressed })
    inner.after(() => world.close())

    await inner.test('every token that was answered before is good', async () => {
      assert.ok(answered.length >= 5)
      for (const token of answered) assert.equal((await refresh(rp, token)).claims()?.iss, world.issuer)
    })
    await inner.test('the session goes on', async () => {
      const started = await rp.start({ prompt: 'none' })
      assert.ok(answerOf(await rp.browser.open(started.url)).code)
    })
    await inner.test('people sign in with their passwords', async () => {
      const elsewhere = await RelyingParty.create(world, { first_party: true })
      assert.ok((await elsewhere.run('ada@example.com')).access_token)
    })
    await inner.test('what came after the copy is not there', async () => {
      assert.equal(await world.accounts.find('late@example.com'), undefined)
    })
  })

  await t.test(
    'with other keys the program refuses to start, and says in one sentence what it needs',
    async (inner) => {
      const others = { ...addressed, NODE_ENV: 'test', GATEHOUSE_SECRETS_SEALING_KEYS: secret() }
      const program = startProgram(inner, others)
      assert.equal(await program.ended, 1)
      assert.match(
        program.output(),
        /^GATEHOUSE_SECRETS_SEALING_KEYS: no key opens what this database holds\.[^\n]*\n$/,
      )
      assert.ok(!program.output().includes(others.GATEHOUSE_SECRETS_SEALING_KEYS))
    },
  )

  await t.test('with other keys the command line refuses as well', async () => {
    const said: string[] = []
    const shell = {
      root: '.',
      env: { ...addressed, NODE_ENV: 'test', PATH: env.PATH, GATEHOUSE_SECRETS_SEALING_KEYS: secret() },
      readInput: async () => '',
      out: (line: string) => void said.push(line),
      err: (line: string) => void said.push(line),
    }
    assert.equal(await runCommandLine(['client', 'list'], shell), 3)
    assert.match(said.join('\n'), /^GATEHOUSE_SECRETS_SEALING_KEYS: no key opens/)
  })

  await t.test('an old key behind a new one opens it', async () => {
    const keys = `${secret()},${settings.GATEHOUSE_SECRETS_SEALING_KEYS}`
    const world = await createWorld({ env: { ...addressed, GATEHOUSE_SECRETS_SEALING_KEYS: keys } })
    await world.close()
  })
})
