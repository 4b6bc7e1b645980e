import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { findBinary } from '../../src/platform/database/embedded/binary.ts'
import type { Database } from '../../src/platform/database/index.ts'
import { openTestDatabase, testServer } from '../support/database.ts'
import { startProgram } from '../support/program.ts'
import { scratchFolder } from '../support/scratch.ts'
import { findFreePort } from '../support/world.ts'

let database: Database
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())

const secret = () => randomBytes(32).toString('base64url')

async function settingsFor(changes: Readonly<Record<string, string>> = {}) {
  const port = await findFreePort()
  const settings = { PORT: String(port), DATA_DIR: testServer.dataDir, MONGODB_URI: database.uri, ...changes }
  return { port, issuer: `http://localhost:${port}`, settings }
}

test('a start tells where everything is, and SIGTERM ends it with 0', async (t) => {
  const { issuer, settings } = await settingsFor()
  const program = startProgram(t, settings)
  const [, link = ''] = await program.says(/First administrator +(\S+)/)
  await program.says(/Inbox +\S+/)
  for (const line of [
    `Gatehouse            ${issuer}\n`,
    `${issuer}/workbench/playground`,
    `${issuer}/workbench/inbox`,
  ]) {
    assert.ok(program.output().includes(line), line)
  }
  assert.ok(program.output().split('\n').length < 12, program.output())
  assert.equal((await fetch(`${issuer}/health/ready`)).status, 200)
  assert.equal((await fetch(link, { redirect: 'manual' })).status, 303)
  program.child.kill('SIGTERM')
  assert.equal(await program.ended, 0)
})

test('a request that runs when it is stopped is finished', async (t) => {
  const { port, issuer, settings } = await settingsFor()
  const program = startProgram(t, settings)
  await program.says(/Inbox +\S+/)
  // A request whose body is still on its way while the program is told to stop.
  const socket = connect(port, 'localhost')
  const answer = new Promise<string>((resolve) => {
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    socket.on('close', () => resolve(text))
  })
  const body = 'grant_type=authorization_code&code=x&client_id=playground&redirect_uri=http://x'
  const lines = ['POST /token HTTP/1.1', `Host: localhost:${port}`, `Content-Length: ${body.length}`]
  socket.write(
    `${lines.join('\r\n')}\r\nContent-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n`,
  )
  await new Promise((resolve) => socket.once('data', resolve))
  program.child.kill('SIGTERM')
  await program.says(/stopping/)
  await assert.rejects(fetch(`${issuer}/health/live`))
  socket.write(body)
  assert.match(await answer, /HTTP\/1\.1 400 [\s\S]*invalid_grant/)
  assert.equal(await program.ended, 0)
})

test('what does not end in time is cut off', async (t) => {
  const { port, settings } = await settingsFor({ GATEHOUSE_SERVER_DRAIN_SECONDS: '0' })
  const program = startProgram(t, settings)
  await program.says(/Inbox +\S+/)
  const socket = connect(port, 'localhost')
  socket.write(`POST /token HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n`)
  await new Promise((resolve) => socket.once('data', resolve))
  program.child.kill('SIGINT')
  assert.equal(await program.ended, 0)
})

test('a port that is taken is said in one sentence', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, resolve))
  const address = other.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const { settings } = await settingsFor({ PORT: String(port) })
  const program = startProgram(t, settings)
  assert.equal(await program.ended, 1)
  assert.match(program.output(), new RegExp(`^Port ${port} is taken[^\\n]*\\n$`))
  other.close()
})

test('a database that does not answer is said in one sentence', async (t) => {
  const { settings } = await settingsFor({ MONGODB_URI: 'mongodb://someone:hidden@127.0.0.1:1/x' })
  const program = startProgram(t, settings)
  assert.equal(await program.ended, 1)
  assert.match(program.output(), /^MongoDB cannot be used: [^\n]*\n$/)
  assert.doesNotMatch(program.output(), /hidden/)
})

test('production refuses to start until everything it needs is there, and names it all at once', async (t) => {
  const program = startProgram(t, { NODE_ENV: 'production', DATA_DIR: scratchFolder(t) })
  assert.equal(await program.ended, 1)
  for (const name of ['ISSUER', 'MONGODB_URI', 'COOKIE_KEYS', 'SEALING_KEYS']) {
    assert.match(program.output(), new RegExp(name))
  }
})

test('in production there is no workbench, and the console names none', async (t) => {
  const { port, settings } = await settingsFor({
    NODE_ENV: 'production',
    ISSUER: 'https://id.example',
    GATEHOUSE_SECRETS_COOKIE_KEYS: `${secret()},${secret()}`,
    GATEHOUSE_SECRETS_SEALING_KEYS: secret(),
    MONGODB_URI: database.uri.replace(/\/test_\w+/, (name) => `${name}_production`),
  })
  const program = startProgram(t, settings)
  await program.says(/First administrator/)
  assert.doesNotMatch(program.output(), /workbench/)
  // The log leaves several lines at a time, a moment after the console.
  await program.says(/mail\.smtp\.url and mail\.from are not set/)
  const agent = new Agent()
  const ask = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = { port, path, agent, headers: { host: 'id.example' } }
      get(options, (response) => resolve(response.resume().statusCode)).on('error', reject)
    })
  assert.equal(await ask('/'), 200)
  for (const path of ['/workbench', '/workbench/inbox', '/workbench/playground', '/workbench/playground/callback']) {
    assert.equal(await ask(path), 404, path)
  }
  agent.destroy()
  program.child.kill('SIGTERM')
  assert.equal(await program.ended, 0)
  await database.connection.useDb(`${database.connection.name}_production`).dropDatabase()
})

test('a database that is cut off makes it unready, and back again ready', async (t) => {
  // A wire between the program and its database that can be cut.
  const target = new URL(database.uri)
  const wires = new Set<Socket>()
  let isCut = false
  const wire = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(Number(target.port), target.hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      wires.add(one)
      one.on('error', () => {}).on('close', () => other.destroy())
      one.pipe(other)
    }
  })
  const wirePort = await findFreePort()
  await new Promise<void>((resolve) => wire.listen(wirePort, '127.0.0.1', resolve))
  const uri = new URL(database.uri)
  uri.port = String(wirePort)
  const { issuer, settings } = await settingsFor({ MONGODB_URI: uri.href })
  const program = startProgram(t, settings)
  t.after(() => {
    wire.close()
    for (const socket of wires) socket.destroy()
  })
  await program.says(/Inbox +\S+/)

  isCut = true
  for (const socket of wires) socket.destroy()
  const becomes = async (status: number) => {
    for (;;) {
      const answer = await fetch(`${issuer}/health/ready`)
      if (answer.status === status) return answer.json()
    }
  }
  assert.deepEqual(await becomes(503), { status: 'unavailable', reasons: ['database'] })
  assert.equal((await fetch(`${issuer}/health/live`)).status, 200)
  const body = new URLSearchParams({ grant_type: 'authorization_code', code: 'x', client_id: 'playground' })
  const requests: [path: string, options: RequestInit][] = [
    ['/auth?client_id=playground', { headers: { accept: 'text/html' } }],
    ['/token', { method: 'POST', body, headers: { accept: 'application/json' } }],
    ['/welcome/somebody', { headers: { accept: 'text/html' } }],
  ]
  for (const [path, options] of requests) {
    const answer = await fetch(`${issuer}${path}`, { redirect: 'manual', ...options })
    assert.equal(answer.status, 503, path)
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/)
    const text = await answer.text()
    assert.match(text, /service\.unavailable/)
    assert.doesNotMatch(text, /Mongo|ECONN|at .*\.ts/)
  }
  isCut = false
  assert.deepEqual(await becomes(200), { status: 'ready' })
})

test('without MONGODB_URI it brings its own server, keeps the data, and stops it when it stops', async (t) => {
  const folder = scratchFolder(t)
  const binary = await findBinary({
    path: undefined,
    cacheDir: testServer.cacheDir,
    report: () => {},
  })
  const { issuer, settings } = await settingsFor({ DATA_DIR: folder, GATEHOUSE_DATABASE_MONGOD_BINARY: binary })
  const { MONGODB_URI: _, ...own } = settings
  const first = startProgram(t, own)
  const [, link] = await first.says(/First administrator +(\S+)/)
  const keys = await (await fetch(`${issuer}/jwks`)).json()
  first.child.kill('SIGTERM')
  assert.equal(await first.ended, 0)
  assert.ok(!existsSync(join(folder, 'mongodb', 'server.json')))
  for (const name of readdirSync(folder).filter((name) => /secret/.test(name))) {
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  }

  const second = startProgram(t, own)
  const [, again] = await second.says(/First administrator +(\S+)/)
  assert.notEqual(again, link)
  assert.deepEqual(await (await fetch(`${issuer}/jwks`)).json(), keys)
  second.child.kill('SIGTERM')
  assert.equal(await second.ended, 0)
})

test('stopped while it starts, it leaves no server behind', async (t) => {
  const folder = scratchFolder(t)
  const binary = await findBinary({ path: undefined, cacheDir: testServer.cacheDir, report: () => {} })
  const { settings } = await settingsFor({ DATA_DIR: folder, GATEHOUSE_DATABASE_MONGOD_BINARY: binary })
  const { MONGODB_URI: _, ...own } = settings
  const program = startProgram(t, own)
  for await (const { filename } of watch(folder)) if (filename === 'mongodb') break
  program.child.kill('SIGTERM')
  assert.equal(await program.ended, 0)
  assert.ok(!existsSync(join(folder, 'mongodb', 'server.json')))
})
