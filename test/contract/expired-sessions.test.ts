import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { mongo } from 'mongoose'
import type { AdapterPayload } from 'oidc-provider'
import { createGatherings } from '../../src/platform/database/gathering/index.ts'
import { hashSecret, newSecret } from '../../src/platform/ids.ts'
import { createSealer } from '../../src/platform/seal.ts'
import { openTestDatabase } from '../support/database.ts'
import { openStorage } from '../support/storage.ts'

const HOUR = 3600_000
const AUTHORIZATIONS = { app: { sid: 'known' } }

/** Storage of two processes on one database, in which time stands still, and all that they were told of. */
async function open(t: TestContext) {
  const database = await openTestDatabase()
  t.after(database.close)
  const sealingKeys = [newSecret()]
  const [here, there] = [
    await openStorage(database, sealingKeys),
    await openStorage({ ...database, gatherings: createGatherings() }, sealingKeys),
  ]
  const told: unknown[] = []
  for (const { sessionEnds } of [here, there])
    sessionEnds.listen(async ({ authorizations }) => void told.push(authorizations))
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const stored = database.connection.collection<{ _id: string }>('artifacts')
  /** Begins a session that lasts for an hour. @returns its id */
  const begin = async (more: AdapterPayload = {}) => {
    const jti = newSecret()
    const payload = {
      jti,
      kind: 'Session',
      uid: `uid-${jti}`,
      accountId: 'ada',
      authorizations: AUTHORIZATIONS,
      ...more,
    }
    await here.adapter('Session').upsert(jti, { exp: Math.floor(Date.now() / 1000) + 3600, ...payload }, 3600)
    return jti
  }
  const pass = (milliseconds: number) => t.mock.timers.setTime(Date.now() + milliseconds)
  const expire = async ({ jobs } = here) => {
    for (const job of jobs) if (job.name === 'expired-sessions') await job.run()
  }
  const events = () => here.audit.list({ name: 'session.ended' }, 100)
  return { here, there, told, stored, begin, pass, expire, events }
}

const CLOSES = '"expiresAt":"1970-01-01T00:00:00.001Z"'
const SETS_ASIDE = '"expiresAt":"1970-01-01T00:00:00.000Z"'

/** Just before the first write to records that holds this text, something else happens. */
function before(t: TestContext, text: string, work: () => Promise<unknown>) {
  const { bulkWrite } = mongo.Collection.prototype
  const mocked = t.mock.method(
    mongo.Collection.prototype,
    'bulkWrite',
    async function (this: mongo.Collection, ...args: Parameters<typeof bulkWrite>) {
      const set = JSON.stringify(args[0]).replaceAll('"$set"', '\n"$set"')
      if (set.split('\n').some((line) => line.startsWith('"$set"') && line.includes(text))) {
        mocked.mock.restore()
        await work()
      }
      return bulkWrite.apply(this, args)
    },
  )
}

test('a session that ran out is told of once, by whichever process, and one that goes on is left alone', async (t) => {
  const { here, there, told, stored, begin, pass, expire, events } = await open(t)
  await begin()
  pass(HOUR / 2)
  const young = await begin({ authorizations: { app: { sid: 'young' } } })
  await expire()
  pass(HOUR / 2)
  await Promise.all([expire(here), expire(there)])
  await expire(there)
  assert.ok(told.length >= 1)
  for (const one of told) assert.deepEqual(one, AUTHORIZATIONS)
  assert.deepEqual(
    (await events()).map(({ actor, accountId, detail }) => [actor.type, accountId, detail.reason]),
    [['system', 'ada', 'expired']],
  )
  assert.deepEqual(
    (await stored.find().toArray()).map(({ _id }) => _id),
    [hashSecret(young)],
  )
})

test('many more than are ended at once are ended in one turn', async (t) => {
  const { told, stored, begin, pass, expire, events } = await open(t)
  await Promise.all(Array.from({ length: 120 }, () => begin()))
  pass(HOUR)
  await expire()
  assert.deepEqual([told.length, await stored.countDocuments(), (await events()).length], [120, 0, 100])
})

test('a session that is used in the moment in which it would be ended goes on, and nobody is told', async (t) => {
  const { there, told, begin, pass, expire, events } = await open(t)
  const jti = await begin()
  pass(HOUR)
  // Another process, with a clock that is a little behind.
  before(t, CLOSES, async () => {
    pass(-1000)
    await there.units.run(async () => {
      const found = (await there.adapter('Session').find(jti)) ?? assert.fail('it has expired')
      await there.adapter('Session').upsert(jti, { ...found, exp: Number(found.exp) + 3600 }, 3600)
    })
    pass(1000)
  })
  await expire()
  assert.ok(await there.adapter('Session').find(jti))
  assert.deepEqual([told, await events()], [[], []])
})

test('a request that found a session before it ran out does not bring it back while it is told of', async (t) => {
  const { here, there, told, begin, pass, expire, events } = await open(t)
  const jti = await begin()
  pass(HOUR - 1000)
  const [isTold, isKept] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  here.sessionEnds.listen(() => {
    isTold.resolve()
    return isKept.promise
  })
  let expiring: Promise<void> | undefined
  before(t, '"kind":"Session"', async () => {
    pass(1000)
    expiring = expire(here)
    await isTold.promise
  })
  await there.units.run(async () => {
    const found = (await there.adapter('Session').find(jti)) ?? assert.fail('it has expired')
    await there.adapter('Session').upsert(jti, { ...found, exp: Number(found.exp) + 3600 }, 3600)
  })
  assert.equal(await there.adapter('Session').find(jti), undefined)
  isKept.resolve()
  await expiring
  assert.deepEqual([told.length, (await events()).length], [1, 1])
})

test('a request that found a session before it ran out lets no app join it after it was ended', async (t) => {
  const { there, told, begin, pass, expire } = await open(t)
  const jti = await begin()
  pass(HOUR - 1000)
  await there.units.run(async () => {
    assert.ok(await there.adapter('Session').find(jti))
    pass(1000)
    await expire()
    assert.equal(await there.sessions.join({ accountId: 'ada' }, 'late', { sid: 'late' }), undefined)
  })
  assert.deepEqual(told, [AUTHORIZATIONS])
})

for (const [what, text] of [
  ['before it was closed', CLOSES],
  ['after it was closed and told of', SETS_ASIDE],
] as const) {
  test(`an end that is cut off ${what} is done by the next turn, of another process`, async (t) => {
    const { here, there, told, stored, begin, pass, expire, events } = await open(t)
    await begin()
    pass(HOUR)
    before(t, text, () => Promise.reject(new Error('cut off')))
    await assert.rejects(expire(here), { message: '1 sessions that ran out could not be ended' })
    assert.equal(await stored.countDocuments(), 1)
    assert.equal((await events()).length, 0)
    await expire(there)
    assert.ok(told.length >= 1)
    assert.deepEqual([await stored.countDocuments(), (await events()).length], [0, 1])
  })
}

test('a session that cannot be ended now does not keep the others from it', async (t) => {
  const { here, told, stored, begin, pass, expire } = await open(t)
  await begin({ authorizations: { app: { sid: 'refused' } } })
  pass(1000)
  await begin()
  const refused = new Error('not now')
  here.sessionEnds.listen(async ({ authorizations }) => {
    if (authorizations?.app?.sid === 'refused') throw refused
  })
  pass(HOUR)
  await assert.rejects(expire(), { cause: refused })
  assert.deepEqual(told.at(-1), AUTHORIZATIONS)
  assert.equal(await stored.countDocuments(), 1)
})

test('of a session that was cut off while it got another id nothing is told while one of the two is live', async (t) => {
  const { here, told, begin, pass, expire, events } = await open(t)
  const old = await begin()
  pass(HOUR / 2)
  const young = await begin({ uid: `uid-${old}` })
  pass(HOUR / 2)
  await expire()
  assert.deepEqual(told, [])
  assert.ok(await here.adapter('Session').find(young))
  pass(HOUR / 2)
  await expire()
  assert.equal((await events()).length, 1)
  assert.deepEqual(told, [AUTHORIZATIONS, AUTHORIZATIONS])
})

test('a session that gets another id in the moment in which it runs out goes on, and nobody is told', async (t) => {
  const { here, there, told, begin, pass, expire, events } = await open(t)
  const [old, young] = [await begin(), newSecret()]
  pass(HOUR - 1000)
  before(t, SETS_ASIDE, async () => {
    pass(1000)
    await expire(there)
  })
  await here.units.run(async () => {
    const found = (await here.adapter('Session').find(old)) ?? assert.fail('it has expired')
    here.sessions.renew()
    await here.adapter('Session').upsert(young, { ...found, jti: young }, 3600)
  })
  await expire(there)
  assert.ok(await here.adapter('Session').find(young))
  assert.deepEqual([told, await events()], [[], []])
})

test('what was set aside when it was moved or ended, and not deleted, goes without a word', async (t) => {
  const { told, stored, begin, pass, expire, events } = await open(t)
  await begin()
  await stored.updateMany({}, { $set: { expiresAt: new Date(0) } })
  pass(HOUR)
  await expire()
  assert.deepEqual([told, await events(), await stored.countDocuments()], [[], [], 0])
})

test('a session of nobody goes without a word', async (t) => {
  const { told, stored, begin, pass, expire, events } = await open(t)
  await begin({ accountId: undefined, authorizations: undefined })
  await expire()
  assert.equal(await stored.countDocuments(), 1)
  pass(HOUR)
  await expire()
  assert.deepEqual([told, await events(), await stored.countDocuments()], [[], [], 0])
})

test('a session that ran out and was not swept is told of when its account ends, before it is deleted', async (t) => {
  const { here, told, stored, begin, pass } = await open(t)
  await begin()
  pass(HOUR)
  const kept: number[] = []
  here.sessionEnds.listen(async () => void kept.push(await stored.countDocuments()))
  await here.endAccount('ada', 'suspended')
  assert.deepEqual([told, kept, await stored.countDocuments()], [[AUTHORIZATIONS], [1], 0])
})

/** Makes of all sessions what a process sealed with a key that is not configured any more. */
const loseKey = ({ stored }: Pick<Awaited<ReturnType<typeof open>>, 'stored'>) =>
  stored.updateMany({}, { $set: { payload: createSealer([newSecret()]).seal('{}', 'lost') } })

test('a session that no key opens is tried for a day and keeps no other one waiting, and then it goes with an event', async (t) => {
  const { told, stored, begin, pass, expire, events } = await open(t)
  await begin({ accountId: 'lost' })
  await loseKey({ stored })
  await begin()
  pass(HOUR)
  await assert.rejects(expire(), { message: '1 sessions that ran out could not be ended' })
  pass(23 * HOUR)
  await assert.rejects(expire())
  assert.deepEqual([told, await stored.countDocuments()], [[AUTHORIZATIONS], 1])
  pass(HOUR)
  await expire()
  assert.deepEqual(
    (await events()).map(({ accountId, detail }) => [accountId, detail.reason]),
    [
      ['lost', 'unreadable'],
      ['ada', 'expired'],
    ],
  )
  assert.equal(await stored.countDocuments(), 0)
})

test('an account ends also where no key opens one of its sessions', async (t) => {
  const { here, told, stored, begin } = await open(t)
  await begin()
  await loseKey({ stored })
  const own = await begin()
  await here.endOthers('ada', `uid-${own}`, 'password_changed')
  assert.equal(await stored.countDocuments(), 1)
  await begin()
  await loseKey({ stored })
  await begin()
  await here.endAccount('ada', 'suspended')
  assert.deepEqual([told, await stored.countDocuments()], [[AUTHORIZATIONS], 0])
})
