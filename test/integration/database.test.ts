import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { env, kill } from 'node:process'
import { type TestContext, test } from 'node:test'
import { mongo } from 'mongoose'
import { findBinary } from '../../src/platform/database/embedded/binary.ts'
import { type EmbeddedServer, startEmbeddedServer } from '../../src/platform/database/embedded/index.ts'
import { stopServerProcess } from '../../src/platform/database/embedded/process.ts'
import { openDatabase } from '../../src/platform/database/index.ts'
import { openTestDatabase, testServer } from '../support/database.ts'
import { scratchFolder } from '../support/scratch.ts'

const addresses = [
  '',
  'readPreference=secondaryPreferred',
  'readConcernLevel=local',
  'w=1',
  'w=0&journal=false',
  'j=false',
  'retryWrites=false',
]

for (const options of addresses) {
  test(`reads come from the primary and writes are certain, with '${options}' in the address`, async (t) => {
    const own = await openTestDatabase()
    t.after(() => own.close())
    const address = new URL(own.uri)
    for (const [name, value] of new URLSearchParams(options)) address.searchParams.set(name, value)
    const { connection, close } = await openDatabase({ ...testServer, uri: address.href, report: () => {} })
    t.after(close)
    const things = connection.getClient().db(own.name).collection('things')
    await things.insertOne({ name: 'one' })
    assert.equal((await things.findOne({ name: 'one' }))?.name, 'one')

    assert.equal(things.readPreference?.mode, 'primary')
    assert.equal(things.readConcern?.level, 'majority')
    const { w, journal } = things.writeConcern ?? {}
    assert.deepEqual({ w, journal }, { w: 'majority', journal: true })
    assert.equal(connection.getClient().options.retryWrites, true)
  })
}

/** A data folder and a program, for servers that are stopped before the folder is removed. */
async function prepareServer(t: TestContext) {
  const running: EmbeddedServer[] = []
  t.after(() => Promise.all(running.map((server) => server.stop())))
  const dataDir = scratchFolder(t)
  const report = () => {}
  const binary = await findBinary({ path: env.PATH, ...testServer, report })
  const start = async (program = binary) => {
    const server = await startEmbeddedServer({ dataDir, binary: program, report })
    running.push(server)
    return server
  }
  return { dataDir, binary, start }
}

test('a server that is slow to answer is joined, and no second one is started in its place', async (t) => {
  const { dataDir, start } = await prepareServer(t)
  const first = await start()
  const { pid } = JSON.parse(await readFile(join(dataDir, 'mongodb', 'server.json'), 'utf8'))
  // As on a machine that has much to do.
  kill(pid, 'SIGSTOP')
  setTimeout(() => kill(pid, 'SIGCONT'), 3000)
  assert.equal((await start()).uri, first.uri)
})

test('a server whose port was taken in the moment of its start gets another one', async (t) => {
  const { dataDir, binary, start } = await prepareServer(t)
  const program = join(dataDir, 'once-taken')
  const isFirst = `[ "$1" = --port ] && [ ! -e ${dataDir}/port ]`
  const script = `#!/bin/sh\nif ${isFirst}; then echo "$2" > ${dataDir}/port; exit 48; fi\nexec ${resolve(binary)} "$@"\n`
  await writeFile(program, script, { mode: 0o700 })
  const { uri } = await start(program)
  const taken = (await readFile(join(dataDir, 'port'), 'utf8')).trim()
  assert.ok(Number(taken) > 0 && new URL(uri).port !== taken)
})

test('a server of somebody else that took the port is left as it is, and ours gets another port', async (t) => {
  let theirs = ''
  const readNumber = async (name: string) => Number(await readFile(join(theirs, name), 'utf8'))
  t.after(() => readNumber('pid').then(stopServerProcess, () => {}))
  const { dataDir, binary, start } = await prepareServer(t)
  theirs = join(dataDir, 'theirs')
  await mkdir(theirs)
  const program = join(dataDir, 'overtaken')
  // Theirs is there, and was found, before ours begins to listen.
  const fork = `--port "$2" --bind_ip 127.0.0.1 --replSet gatehouse --dbpath ${theirs} --logpath ${theirs}/log`
  const script = `#!/bin/sh
if [ "$1" = --port ] && [ ! -e ${theirs}/port ]; then
  ${resolve(binary)} ${fork} --fork --pidfilepath ${theirs}/pid >&2 && echo "$2" > ${theirs}/port
  until grep -q "Connection accepted" ${theirs}/log; do sleep 0.05; done
fi
exec ${resolve(binary)} "$@"
`
  await writeFile(program, script, { mode: 0o700 })
  const { uri } = await start(program)
  const taken = await readNumber('port')
  assert.notEqual(Number(new URL(uri).port), taken)
  await using client = await new mongo.MongoClient(`mongodb://127.0.0.1:${taken}/?directConnection=true`).connect()
  // Nobody has told it of a set.
  await assert.rejects(client.db('admin').command({ replSetGetConfig: 1 }), { codeName: 'NotYetInitialized' })
})
