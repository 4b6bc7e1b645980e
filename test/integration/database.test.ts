import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { env, kill } from 'node:process'
import { test } from 'node:test'
import { findBinary } from '../../src/platform/database/embedded/binary.ts'
import { startEmbeddedServer } from '../../src/platform/database/embedded/index.ts'
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

test('a server that is slow to answer is joined, and no second one is started in its place', async (t) => {
  let stop = async () => {}
  t.after(() => stop())
  const dataDir = scratchFolder(t)
  const report = () => {}
  const options = { dataDir, binary: await findBinary({ path: env.PATH, ...testServer, report }), report }
  const first = await startEmbeddedServer(options)
  stop = first.stop
  const { pid } = JSON.parse(await readFile(join(dataDir, 'mongodb', 'server.json'), 'utf8'))
  // As on a machine that has much to do.
  kill(pid, 'SIGSTOP')
  setTimeout(() => kill(pid, 'SIGCONT'), 3000)
  const second = await startEmbeddedServer(options)
  assert.equal(second.uri, first.uri)
  await second.stop()
})
