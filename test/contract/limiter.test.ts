import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Database } from '../../src/platform/database/index.ts'
import { ensureIndexes } from '../../src/platform/database/index.ts'
import { newId } from '../../src/platform/ids.ts'
import { createLimiter } from '../../src/platform/limiter.ts'
import { openTestDatabase } from '../support/database.ts'

let database: Database
before(async () => {
  database = await openTestDatabase()
  createLimiter({ connection: database.connection, name: 'first', points: 1, windowSeconds: 1 })
  await ensureIndexes(database.connection)
})
after(() => database.close())

const POINTS = 3
const limiter = (changes: Partial<Parameters<typeof createLimiter>[0]> = {}) =>
  createLimiter({ connection: database.connection, name: newId(), points: POINTS, windowSeconds: 60, ...changes })

/** How many of so many parallel tries get through. */
async function allowed(tries: number, reserve: () => Promise<{ isAllowed: boolean }>): Promise<number> {
  const answers = await Promise.all(Array.from({ length: tries }, reserve))
  return answers.filter(({ isAllowed }) => isAllowed).length
}

test('of 50 parallel tries exactly as many as there are points get through', async () => {
  const { reserve } = limiter()
  assert.equal(await allowed(50, () => reserve('ada')), POINTS)
})

test('two limiters of one name, as two processes have them, count together', async () => {
  const name = newId()
  const [one, other] = [limiter({ name }), limiter({ name })]
  let turn = 0
  const reserve = () => {
    turn += 1
    return (turn % 2 ? one : other).reserve('ada')
  }
  assert.equal(await allowed(50, reserve), POINTS)
})

test('keys, and names, are counted apart', async () => {
  const { reserve } = limiter()
  assert.equal(await allowed(POINTS + 1, () => reserve('ada')), POINTS)
  assert.equal((await reserve('charles')).isAllowed, true)
  assert.equal((await limiter().reserve('ada')).isAllowed, true)
})

test('who is stopped learns how long to wait, and is let in when the window has ended', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const { reserve } = limiter({ points: 1 })
  await reserve('ada')
  t.mock.timers.tick(20_000)
  const { isAllowed, retryAfterSeconds } = await reserve('ada')
  assert.equal(isAllowed, false)
  assert.ok(retryAfterSeconds > 38 && retryAfterSeconds <= 40, String(retryAfterSeconds))
  t.mock.timers.tick(retryAfterSeconds * 1000)
  assert.equal((await reserve('ada')).isAllowed, true)
})

test('a try while stopped does not make the wait longer', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const { reserve } = limiter({ points: 1 })
  await reserve('ada')
  t.mock.timers.tick(59_000)
  assert.equal((await reserve('ada')).isAllowed, false)
  t.mock.timers.tick(1001)
  assert.equal((await reserve('ada')).isAllowed, true)
})

test('cleared, a key starts afresh, and no other does', async () => {
  const { reserve, clear } = limiter({ points: 1 })
  await reserve('ada')
  await reserve('charles')
  await clear('ada')
  assert.equal((await reserve('ada')).isAllowed, true)
  assert.equal((await reserve('charles')).isAllowed, false)
})

test('what was given back can be taken once more', async () => {
  const { reserve, giveBack } = limiter()
  await allowed(POINTS, () => reserve('ada'))
  await giveBack('ada')
  assert.equal(await allowed(5, () => reserve('ada')), 1)
})

test('nothing is given back twice, nor to a window that is over', async (t) => {
  const { reserve, giveBack } = limiter({ points: 1 })
  await giveBack('ada')
  await reserve('ada')
  await Promise.all([giveBack('ada'), giveBack('ada')])
  assert.equal(await allowed(3, () => reserve('ada')), 1)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(61_000)
  await giveBack('ada')
  assert.equal(await allowed(3, () => reserve('ada')), 1)
})

test('of tries of one key at the same time those that came first get through', async () => {
  const name = newId()
  const [one, other] = [limiter({ name }), limiter({ name })]
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => one.reserve('ada')))
  assert.deepEqual(
    answers.map(({ isAllowed }) => isAllowed),
    [true, true, true, false, false],
  )
  assert.equal((await other.reserve('ada')).isAllowed, false)
  await other.clear('ada')
  assert.equal(await allowed(50, () => one.reserve('ada')), POINTS)
})

test('the collection does not say who it was', async () => {
  const name = newId()
  await limiter({ name }).reserve('lovelace@example.com')
  const kept = await database.connection
    .collection('rate_limits')
    .find({ key: new RegExp(`^${name}`) })
    .toArray()
  assert.equal(kept.length, 1)
  // Long words: three letters stand in an id by chance now and then.
  assert.doesNotMatch(JSON.stringify(kept), /lovelace|example/)
})
