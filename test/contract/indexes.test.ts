import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Connection, Schema } from 'mongoose'
import { ensureIndexes } from '../../src/platform/database/index.ts'
import { artifactModel } from '../../src/provider/storage/artifact.model.ts'
import { openTestDatabase } from '../support/database.ts'
import { createWorld } from '../support/world.ts'

async function open(t: TestContext) {
  const database = await openTestDatabase()
  t.after(database.close)
  return database
}

/** A collection whose rules hang on its indexes. */
function registerTickets(connection: Connection) {
  const schema = new Schema({ number: String, owner: String, expiresAt: Date }, { collection: 'tickets' })
  schema.index({ number: 1 }, { unique: true })
  schema.index({ owner: 1, number: 1 })
  schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })
  return connection.model<{ number: string }>('Ticket', schema)
}

test('A14 every index that a model wants is there before anything is answered', async (t) => {
  const { connection } = await open(t)
  const tickets = registerTickets(connection)
  await ensureIndexes(connection)
  await tickets.create({ number: 'one' })
  await assert.rejects(tickets.create({ number: 'one' }), { code: 11000 })
  const keys = (await connection.collection('tickets').indexes()).map(({ key }) => Object.keys(key).join())
  assert.deepEqual(keys.sort(), ['_id', 'expiresAt', 'number', 'owner,number'])
  await ensureIndexes(connection)
})

for (const [what, name, fields] of [
  ['one that makes unique', 'number_1', '{"number":1}'],
  ['one that finds', 'owner_1_number_1', '{"owner":1,"number":1}'],
  ['one that sweeps', 'expiresAt_1', '{"expiresAt":1}'],
] as const) {
  test(`A14 a start is refused while an index is missing, and says which: ${what}`, async (t) => {
    const [{ connection, uri }, operator] = [await open(t), await open(t)]
    const tickets = registerTickets(connection)
    // Somebody else has the same database open, and drops it at the worst moment: just after it was made.
    const theirs = operator.connection.useDb(new URL(uri).pathname.slice(1)).collection('tickets')
    const make = tickets.createIndexes.bind(tickets)
    tickets.createIndexes = async () => {
      await make()
      await theirs.dropIndex(name)
    }
    await assert.rejects(ensureIndexes(connection), {
      message: `indexes are missing: tickets ${fields}`,
    })
  })
}

test('an index that makes unique what needs to be unique no more makes room for one that only finds', async (t) => {
  const { connection, uri } = await open(t)
  const links = { linkHash: 1 } as const
  const collections = ['mailbox_proofs', 'password_resets'].map((name) => connection.collection<{ _id: string }>(name))
  for (const collection of collections) await collection.createIndex(links, { unique: true })
  const world = await createWorld({ env: { MONGODB_URI: uri } })
  t.after(() => world.close())
  for (const collection of collections) {
    await collection.insertMany([
      { _id: 'one', ...links },
      { _id: 'other', ...links },
    ])
    const [index] = (await collection.indexes()).filter(({ key }) => 'linkHash' in key)
    assert.equal(index?.unique ?? false, false)
  }
})

for (const [what, options] of [
  ['sessions too', { expireAfterSeconds: 60, partialFilterExpression: { expiresAt: { $exists: true } } }],
  ['everything, a day later', { expireAfterSeconds: 86_400 }],
] as const) {
  test(`an index that deletes ${what} makes room for the one that is meant`, async (t) => {
    const { connection } = await open(t)
    const artifacts = artifactModel(connection)
    await artifacts.collection.createIndex({ expiresAt: 1 }, options)
    await ensureIndexes(connection)
    const sweeping = (await artifacts.listIndexes()).filter(({ key }) => Object.keys(key).join() === 'expiresAt')
    assert.deepEqual(
      sweeping.map(({ expireAfterSeconds, partialFilterExpression }) => [expireAfterSeconds, partialFilterExpression]),
      [[60, { $or: [{ kind: { $lt: 'Session' } }, { kind: { $gt: 'Session' } }] }]],
    )
    await ensureIndexes(connection)
  })
}

test('the server itself deletes records of every kind but sessions, which are found without looking through the others', async (t) => {
  const { connection } = await open(t)
  const artifacts = artifactModel(connection)
  await ensureIndexes(connection)
  const kinds = ['AccessToken', 'Grant', 'Interaction', 'RefreshToken', 'Session', 'Sessions', 'session']
  const expiresAt = new Date(Date.now() + 60_000)
  await artifacts.insertMany(kinds.map((kind) => ({ _id: kind, kind, payload: 'sealed', expiresAt })))
  const { keysPerIndex } = (await connection.db?.command({ validate: 'artifacts' })) ?? {}
  assert.deepEqual([keysPerIndex.sweep, keysPerIndex.kind_1_expiresAt_1], [kinds.length - 1, 1])
  const expired = artifacts.collection.find({ kind: 'Session', expiresAt: { $lte: expiresAt } }).sort({ expiresAt: 1 })
  const { totalKeysExamined, totalDocsExamined } = ((await expired.explain()) as Explained).executionStats
  assert.deepEqual([totalKeysExamined, totalDocsExamined], [1, 1])
})

interface Explained {
  readonly executionStats: { readonly totalKeysExamined: number; readonly totalDocsExamined: number }
}

test('A14 the program does not start where its indexes cannot be made', async (t) => {
  const { connection, uri } = await open(t)
  const start = async () => (await createWorld({ env: { MONGODB_URI: uri } })).close()
  // A view has no indexes, and takes none.
  await connection.createCollection('credentials', { viewOn: 'accounts', pipeline: [] })
  await assert.rejects(start(), /credentials/)
  await connection.dropCollection('credentials')
  await start()
  await connection.collection('accounts').dropIndexes()
  await connection.collection('accounts').createIndex({ identifier: 1 })
  await assert.rejects(start(), /an index of accounts is not what it has to be, drop it/)
})
