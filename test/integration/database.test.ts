import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../../src/platform/database/index.ts'
import { openTestDatabase, testServer } from '../support/database.ts'

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
