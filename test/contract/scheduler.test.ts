import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { createChanges } from '../../src/platform/database/changes.ts'
import type { Database } from '../../src/platform/database/index.ts'
import { followCollection } from '../../src/platform/database/index.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createScheduler } from '../../src/platform/scheduler/index.ts'
import { openTestDatabase } from '../support/database.ts'

let database: Database
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())

const logger = createLogger({ level: 'silent', isPretty: false })
const open = () => createScheduler({ connection: database.connection, logger })
const jobNamed = (name: string, run: () => Promise<void> = async () => {}) => ({ name, everySeconds: 60, run })

test('of many processes one does the work, and goes on doing it', async () => {
  let count = 0
  const job = jobNamed('one', async () => {
    count += 1
  })
  const processes = Array.from({ length: 8 }, open)
  const led = await Promise.all(processes.map((scheduler) => scheduler.run(job)))
  assert.equal(led.filter(Boolean).length, 1)
  const again = await Promise.all(processes.map((scheduler) => scheduler.run(job)))
  assert.deepEqual(again, led)
  assert.equal(count, 2)
})

test('a process that crashed is replaced when its lease has run out', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const [crashed, other] = [open(), open()]
  const job = jobNamed('crash')
  assert.equal(await crashed.run(job), true)
  assert.equal(await other.run(job), false)
  t.mock.timers.tick(179_000)
  assert.equal(await other.run(job), false)
  t.mock.timers.tick(2_000)
  assert.equal(await other.run(job), true)
  assert.equal(await crashed.run(job), false)
})

test('a process that stops leaves the work to the next at once, after what is under way has ended', async () => {
  const [leaving, other] = [open(), open()]
  const ended: string[] = []
  const started = Promise.withResolvers<void>()
  const job = jobNamed('stop', async () => {
    started.resolve()
    await database.connection.db?.command({ ping: 1 })
    ended.push('work')
  })
  leaving.start([job])
  await started.promise
  await leaving.stop()
  assert.deepEqual(ended, ['work'])
  assert.equal(await other.run(job), true)
})

test('a job that fails harms no other, and is tried again', async () => {
  const scheduler = open()
  const isBroken = async () => {
    throw new Error('broken')
  }
  const done = Promise.withResolvers<void>()
  scheduler.start([jobNamed('broken', isBroken), jobNamed('fine', async () => done.resolve())])
  await done.promise
  await scheduler.stop()
  await assert.rejects(open().run(jobNamed('broken', isBroken)), /broken/)
})

test('whoever follows a collection hears of changes by the stream, also when a look has failed before', async () => {
  const collection = database.connection.collection('followed')
  const heard = Promise.withResolvers<void>()
  let looks = 0
  const onChange = async () => {
    looks += 1
    if (looks === 1) throw new Error('broken')
    if (looks > 2) heard.resolve()
  }
  const { changes } = database
  const follower = followCollection({ changes, collection: 'followed', pollSeconds: 3600, logger, onChange })
  // The first writes may come before the stream is open: they are what the polling is for.
  let isHeard = false
  heard.promise.then(() => {
    isHeard = true
  })
  while (!isHeard) await collection.insertOne({})
  await follower.stop()
  const before = looks
  await collection.insertOne({})
  assert.equal(looks, before)
})

test('a change that no stream tells is found by looking now and then', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const changes = createChanges(database.connection)
  changes.close()
  const looks = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let count = 0
  const onChange = async () => looks[count++]?.resolve()
  const follower = followCollection({ changes, collection: 'followed', pollSeconds: 10, logger, onChange })
  await looks[0]?.promise
  t.mock.timers.tick(10_000)
  await looks[1]?.promise
  await follower.stop()
  assert.equal(count, 2)
})
