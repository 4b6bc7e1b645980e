import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Connection, createConnection, type mongo, Schema } from 'mongoose'
import { createGatherings, type Gathered, type Gatherings } from '../../src/platform/database/gathering/index.ts'
import { createQueue } from '../../src/platform/database/gathering/queue.ts'
import { openDatabase } from '../../src/platform/database/index.ts'
import { openTestDatabase } from '../support/database.ts'
import { startReplicaSet } from '../support/replica-set.ts'

interface Thing {
  _id: string
  value?: number
  group?: string
  usedAt?: Date
}

const schema = new Schema<Thing>({ _id: String, value: Number, group: String, usedAt: Date }, { collection: 'things' })

let database: Awaited<ReturnType<typeof openTestDatabase>>
let connection: Connection
let gatherings: Gatherings
let things: Gathered<Thing>
/** Every command that was sent, with how many it carried, and the most of one kind under way at once. */
let sent: { name: string; size: number }[] = []
const underWay = new Map<string, number>()
let mostUnderWay = 0

before(async () => {
  database = await openTestDatabase()
  connection = await createConnection(database.uri, {
    monitorCommands: true,
    autoIndex: false,
    autoCreate: false,
    writeConcern: { w: 'majority' },
  }).asPromise()
  const client = connection.getClient()
  client.on('commandStarted', ({ commandName: name, command }: { commandName: string; command: mongo.Document }) => {
    const { documents, updates, deletes, filter } = command
    sent.push({ name, size: (documents ?? updates ?? deletes ?? filter?._id?.$in ?? []).length })
    underWay.set(name, (underWay.get(name) ?? 0) + 1)
    mostUnderWay = Math.max(mostUnderWay, underWay.get(name) ?? 0)
  })
  for (const ending of ['commandSucceeded', 'commandFailed'] as const) {
    client.on(ending, ({ commandName: name }: { commandName: string }) =>
      underWay.set(name, (underWay.get(name) ?? 0) - 1),
    )
  }
  const validator = { value: { $not: { $lt: 0 } } }
  await connection.createCollection('things', { validator })
  gatherings = createGatherings()
  things = gatherings.of(connection.model<Thing>('Thing', schema))
  sent = []
})
after(async () => {
  await connection.close()
  await database.close()
})

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

test('what is asked for at the same time goes out as one command of each kind', async () => {
  sent = []
  await Promise.all(range(40).map((index) => things.insert({ _id: `together-${index}`, value: index })))
  const found = await Promise.all(range(40).map((index) => things.find(`together-${index}`)))
  assert.deepEqual(
    found.map((thing) => thing?.value),
    range(40),
  )
  assert.deepEqual(sent, [
    { name: 'insert', size: 40 },
    { name: 'find', size: 40 },
  ])
})

test('documents are found by several fields in one command, each by who asked', async () => {
  await Promise.all(range(6).map((index) => things.insert({ _id: `by-${index}`, group: `group-${index % 2}` })))
  sent = []
  const [even, odd, one, none] = await Promise.all([
    things.findBy('group', 'group-0'),
    things.findBy('group', 'group-1'),
    things.find('by-3'),
    things.findBy('group', 'group-2'),
  ])
  assert.equal(sent.length, 1)
  assert.deepEqual(even?.map(({ _id }) => _id).sort(), ['by-0', 'by-2', 'by-4'])
  assert.deepEqual(odd?.map(({ _id }) => _id).sort(), ['by-1', 'by-3', 'by-5'])
  assert.equal(one?._id, 'by-3')
  assert.deepEqual(none, [])
  await things.deleteBy('group', 'group-0')
  assert.deepEqual(await things.findBy('group', 'group-0'), [])
  assert.equal((await things.findBy('group', 'group-1')).length, 3)
})

test('what a request asks of one document happens in the order asked, awaited or not', async () => {
  await gatherings.units.run(async () => {
    const { leave } = gatherings.units
    await leave(things.insert({ _id: 'ordered', value: 1 }))
    await leave(things.replace({ _id: 'ordered', value: 2 }))
    assert.equal((await things.find('ordered'))?.value, 2)
    await leave(things.replace({ _id: 'ordered', value: 3, group: 'ordered' }))
    assert.equal((await things.findBy('group', 'ordered')).length, 1)
    await leave(things.delete('ordered'))
    await leave(things.replace({ _id: 'ordered', value: 4 }))
    const isClaimed = await things.claim('ordered', { when: { value: 4 }, set: { value: 5 } })
    assert.equal(isClaimed, true)
  })
  assert.equal((await things.find('ordered'))?.value, 5)
})

test('fields are set beside claims in one command, where there is something to set them on', async () => {
  await Promise.all(['set', 'claimed'].map((_id) => things.insert({ _id, value: 1, group: 'kept' })))
  sent = []
  const [, , isClaimed] = await Promise.all([
    things.set('set', { value: 2 }),
    things.set('nobody', { value: 2 }),
    things.claim('claimed', { when: { value: 1 }, set: { value: 3 } }),
    things.find('set'),
  ])
  assert.equal(isClaimed, true)
  assert.deepEqual(sent[0], { name: 'update', size: 3 })
  const found = await Promise.all(['set', 'nobody', 'claimed'].map(things.find))
  assert.deepEqual(
    found.map((thing) => thing && [thing.value, thing.group]),
    [[2, 'kept'], undefined, [3, 'kept']],
  )
})

test('a unit of work ends when all that was left in it is kept, and fails when something was not', async () => {
  const { units } = gatherings
  let isKept = false
  await units.run(async () => {
    await units.leave(things.insert({ _id: 'left' }).then(() => (isKept = true)))
    assert.equal(isKept, false)
  })
  assert.equal(isKept, true)
  const failing = units.run(async () => {
    await units.leave(things.replace({ _id: 'refused', value: -1 }))
    return 'answered'
  })
  await assert.rejects(failing, /validation/)
  await assert.rejects(
    units.run(() => Promise.reject(new Error('its own'))),
    /its own/,
  )
})

test('outside of a unit a write that is left is waited for at once', async () => {
  await gatherings.units.leave(things.insert({ _id: 'at once' }))
  assert.ok(await connection.collection<Thing>('things').findOne({ _id: 'at once' }))
  await assert.rejects(gatherings.units.leave(things.replace({ _id: 'refused', value: -1 })), /validation/)
})

test('an error reaches only its owner', async () => {
  const outcomes = await Promise.allSettled([
    ...range(5).map((index) => things.insert({ _id: `owner-${index}`, value: index })),
    things.insert({ _id: 'owner-bad', value: -1 }),
    things.insert({ _id: 'owner-0', value: 9 }),
    ...range(5).map((index) => things.replace({ _id: `replaced-${index}`, value: index })),
    things.replace({ _id: 'replaced-bad', value: -1 }),
    things.claim('owner-1', { when: { value: 1 }, set: { value: -1 } }),
    things.claim('owner-2', { when: { value: 2 }, set: { value: 20 } }),
  ])
  const told = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? (outcome.value ?? 'done') : 'failed'))
  assert.deepEqual(told, [
    ...range(5).map(() => true),
    'failed',
    false,
    ...range(5).map(() => 'done'),
    'failed',
    'failed',
    true,
  ])
  assert.equal((await things.find('owner-0'))?.value, 0)
  assert.equal(await things.find('owner-bad'), undefined)
})

/** A field that no query may name: the database refuses the whole command in which it stands. */
const REFUSED = '$refused' as 'group'

test('a lookup that the database refuses is refused to who asked, and answered to all others', async () => {
  await Promise.all(range(20).map((index) => things.insert({ _id: `asked-${index}`, group: `asked-${index}` })))
  sent = []
  const [refused, ...others] = await Promise.allSettled([
    things.findBy(REFUSED, 'asked-0'),
    ...range(10).map((index) => things.find(`asked-${index}`)),
    ...range(10).map((index) => things.findBy('group', `asked-${index + 10}`)),
  ])
  assert.match(String(refused?.status === 'rejected' && refused.reason), /refused/)
  const found = others.map((other) => other.status === 'fulfilled' && [other.value].flat()[0]?._id)
  assert.deepEqual(
    found,
    range(20).map((index) => `asked-${index}`),
  )
  assert.ok(sent.length > 1 && sent.length <= 1 + 2 * Math.ceil(Math.log2(21)), `${sent.length} commands`)
})

test('a deletion by a field that the database refuses is refused to who asked, and done for all others', async () => {
  await Promise.all(range(20).map((index) => things.insert({ _id: `gone-${index}`, group: `gone-${index}` })))
  const [refused, ...others] = await Promise.allSettled([
    things.deleteBy(REFUSED, 'gone-0'),
    ...range(20).map((index) => things.deleteBy('group', `gone-${index}`)),
  ])
  assert.match(String(refused?.status === 'rejected' && refused.reason), /refused/)
  assert.ok(others.every(({ status }) => status === 'fulfilled'))
  const left = await Promise.all(range(20).map((index) => things.find(`gone-${index}`)))
  assert.ok(left.every((thing) => thing === undefined))
})

const circular: { self?: object } = {}
circular.self = circular

for (const [what, value] of [
  ['too large', 'x'.repeat(17 * 2 ** 20)],
  ['circular', circular],
  ['with a NUL in a key', { '\0': 1 }],
  ['nested too deep', range(250).reduce<object>((deep) => ({ deep }), {})],
] as const) {
  test(`a document that nobody can keep (${what}) is refused to who asked, and its neighbours are kept`, async () => {
    const id = (name: string) => `${what} ${name}`
    const bad = { value } as unknown as Partial<Thing>
    await Promise.all(['bad', 'update', 'claim', 'delete'].map((name) => things.insert({ _id: id(name), value: 1 })))
    const outcomes = await Promise.allSettled([
      things.insert({ ...bad, _id: id('new') }),
      things.replace({ ...bad, _id: id('bad') }),
      things.claim(id('bad'), { when: {}, set: bad }),
      things.delete(id('bad'), bad),
      things.insert({ _id: id('inserted') }),
      things.insert({ _id: id('update') }),
      things.replace({ _id: id('update'), value: 2 }),
      things.claim(id('claim'), { when: { value: 1 }, set: { value: 2 } }),
      things.claim(id('claim'), { when: { value: 1 }, set: { value: 3 } }),
      things.delete(id('delete')),
    ])
    const told = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? (outcome.value ?? 'done') : 'failed'))
    assert.deepEqual(told, ['failed', 'failed', 'failed', 'failed', true, false, 'done', true, false, 'done'])
    const found = await Promise.all(
      ['new', 'bad', 'inserted', 'update', 'claim', 'delete'].map((name) => things.find(id(name))),
    )
    assert.deepEqual(
      found.map((thing) => thing && (thing.value ?? 'kept')),
      [undefined, 1, 'kept', 2, 2, undefined],
    )
  })
}

test('of 200 claims that exclude each other one wins, the others change nothing', async () => {
  await Promise.all(range(4).map((index) => things.insert({ _id: `claimed-${index}` })))
  const claims = range(200).map((index) => ({ id: `claimed-${index % 4}`, value: index }))
  const won = await Promise.all(
    claims.map(({ id, value }) =>
      things.claim(id, { when: { usedAt: { $exists: false } }, set: { usedAt: new Date(), value } }),
    ),
  )
  const winners = claims.filter((_, index) => won[index])
  assert.deepEqual(
    winners.map(({ id }) => id).sort(),
    range(4).map((index) => `claimed-${index}`),
  )
  for (const { id, value } of winners) assert.equal((await things.find(id))?.value, value)
  assert.equal(await things.claim('claimed-nobody', { when: {}, set: { value: 1 } }), false)
})

test('a burst of 10,000 of anything goes out in few commands of bounded size, one at a time', async () => {
  const ids = range(10_000).map((index) => `burst-${index}`)
  const burst = async <T>(command: string, work: (id: string) => Promise<T>): Promise<T[]> => {
    sent = []
    mostUnderWay = 0
    const answers = await Promise.all(ids.map(work))
    assert.deepEqual(
      sent,
      range(10).map(() => ({ name: command, size: 1000 })),
    )
    assert.equal(mostUnderWay, 1)
    return answers
  }
  const values = async () => (await burst('find', (id) => things.find(id))).map((thing) => thing?.value)
  assert.ok((await burst('insert', (_id) => things.insert({ _id }))).every(Boolean))
  await burst('update', (_id) => things.replace({ _id, value: 1 }))
  assert.ok((await values()).every((value) => value === 1))
  await burst('update', (id) => things.set(id, { value: 2 }))
  const claims = await burst('update', (id) => things.claim(id, { when: { value: 2 }, set: { value: 3 } }))
  assert.ok(claims.every(Boolean))
  assert.ok((await values()).every((value) => value === 3))
  await burst('delete', (id) => things.delete(id))
  assert.ok((await values()).every((value) => value === undefined))
})

test('beyond its capacity a queue refuses, and goes on when there is room', async () => {
  const push = createQueue<number, number>({
    capacity: 3,
    batchSize: 2,
    send: async (items) => {
      await turn()
      return items
    },
  })
  const outcomes = await Promise.allSettled(range(5).map(push))
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  )
  assert.equal(await push(7), 7)
})

test('a lost primary fails over, and nothing that was answered is lost', { timeout: 120_000 }, async (t) => {
  const set = await startReplicaSet(t)
  const {
    connection: toSet,
    gatherings: own,
    close,
  } = await openDatabase({ uri: set.uri, dataDir: '', report: () => {} })
  t.after(close)
  const model = toSet.model<Thing>('Thing', schema)
  await model.createCollection()
  const many = own.of(model)
  const answered: string[] = []
  const claimed = new Map<string, number>()
  let next = 0
  let isOver = false
  // A test that ran out of time closes the connection under the workers, who then fail at once and for ever.
  t.signal.addEventListener('abort', () => {
    isOver = true
  })
  const work = async () => {
    while (!isOver) {
      const number = next++
      const _id = `kept-${number}`
      try {
        if (await many.insert({ _id })) answered.push(_id)
        const won = await Promise.all(
          [1, 2].map(() => many.claim(_id, { when: { usedAt: { $exists: false } }, set: { usedAt: new Date() } })),
        )
        claimed.set(_id, won.filter(Boolean).length)
      } catch {
        // What failed was not answered.
      }
    }
  }
  const workers = range(20).map(work)
  while (answered.length < 500 && !isOver) await turn()
  await set.killPrimary()
  const before = answered.length
  while (answered.length < before + 500 && !isOver) await turn()
  isOver = true
  await Promise.all(workers)
  const stored = new Map((await model.find().lean<Thing[]>()).map((thing) => [thing._id, thing]))
  assert.deepEqual(
    answered.filter((id) => !stored.has(id)),
    [],
  )
  for (const [id, winners] of claimed) {
    assert.ok(winners <= 1, `${id} was won ${winners} times`)
    assert.ok(winners === 0 || stored.get(id)?.usedAt, `${id} was won, and is not marked`)
  }
  assert.ok([...claimed.values()].filter((winners) => winners === 1).length > 500)
})
