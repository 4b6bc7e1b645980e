import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  applyChange,
  type Change,
  type KeyRecord,
  planFarewell,
  planRevocation,
  planRotation,
  planSchedule,
} from '../../src/provider/keys/schedule.ts'

const policy = { rotationDays: 90, publishAheadDays: 14, keepAfterDays: 14 }
const day = (days: number) => new Date(Date.UTC(2030, 0, 1) + days * 86_400_000)
const states = (keys: readonly KeyRecord[]) => keys.map(({ kid, state }) => `${kid} ${state}`)

/** The keys after the calendar has been looked at on each of these days. */
function live(days: Iterable<number>, keys: readonly KeyRecord[] = []): readonly KeyRecord[] {
  let [count, at] = [Math.max(0, ...keys.map(({ kid }) => Number(kid.slice(3)))), keys]
  for (const today of days) {
    const change = planSchedule(at, day(today), policy)
    at = applyChange(at, change, { now: day(today), kid: change.make && `key${++count}`, policy })
  }
  return at
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

test('a key is published 14 days before it signs, signs for 90 days, and stays 14 days more', () => {
  const first = live([0])
  const table: [number, string[]][] = [
    [0, ['key1 current']],
    [75, ['key1 current']],
    [76, ['key1 current', 'key2 next']],
    [89, ['key1 current', 'key2 next']],
    [90, ['key1 previous', 'key2 current']],
    [103, ['key1 previous', 'key2 current']],
    [104, ['key2 current']],
    [166, ['key2 current', 'key3 next']],
    [180, ['key2 previous', 'key3 current']],
  ]
  for (const [today, expected] of table) {
    assert.deepEqual(states(live(range(1, today), first)), expected, `day ${today}`)
  }
})

test('after a long pause the next key is still announced before it signs', () => {
  const slept = live([400], live([0]))
  assert.deepEqual(states(slept), ['key1 current', 'key2 next'])
  assert.deepEqual(states(live(range(401, 413), slept)), ['key1 current', 'key2 next'])
  assert.deepEqual(states(live([414], slept)), ['key1 previous', 'key2 current'])
})

test('whatever days the calendar is looked at, one key signs, and none that was not published before', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(gaps, (steps) => {
      let [today, keys] = [0, live([0])]
      for (const step of steps) {
        today += step
        keys = live([today], keys)
        const current = keys.filter(({ state }) => state === 'current')
        assert.equal(current.length, 1)
        const [{ createdAt, promotedAt, kid } = { createdAt: day(0), promotedAt: day(0), kid: '' }] = current
        if (kid !== 'key1') assert.ok(Number(promotedAt) - Number(createdAt) >= 14 * 86_400_000)
        assert.ok(keys.length <= 3)
      }
    }),
  )
})

test('a rotation that is asked for announces the next key first, or brings it forward, or changes at once', () => {
  const at = (keys: readonly KeyRecord[], today: number, isImmediate: boolean) => {
    const change = planRotation(keys, day(today), { policy, isImmediate })
    return applyChange(keys, change, { now: day(today), kid: 'asked', policy })
  }
  const first = live([0])
  const announced = at(first, 10, false)
  assert.deepEqual(states(announced), ['key1 current', 'asked next'])
  assert.deepEqual(announced[1]?.promoteAt, day(24))
  assert.deepEqual(states(live([24], announced)), ['key1 previous', 'asked current'])
  assert.deepEqual(at(announced, 12, false), announced)
  assert.deepEqual(states(at(first, 10, true)), ['key1 previous', 'asked current'])
  assert.deepEqual(states(at(announced, 12, true)), ['key1 previous', 'asked current'])
  const early = [...first, { kid: 'key2', state: 'next', createdAt: day(10), promoteAt: day(90) } as const]
  assert.deepEqual(at(early, 12, false)[1]?.promoteAt, day(24))
})

test('an algorithm that is no longer used keeps what was signed good, and then goes', () => {
  const farewell = (keys: readonly KeyRecord[], today: number) => {
    const change: Change = planFarewell(keys, day(today), policy)
    return applyChange(keys, change, { now: day(today), policy })
  }
  const left = farewell(live([0, 80]), 80)
  assert.deepEqual(states(left), ['key1 previous'])
  assert.deepEqual(states(farewell(left, 93)), ['key1 previous'])
  assert.deepEqual(farewell(left, 94), [])
})

test('a revoked key is gone at once, and where it signed, the next one or a new one does', () => {
  const revoke = (keys: readonly KeyRecord[], kid: string) =>
    states(applyChange(keys, planRevocation(keys, kid), { now: day(95), kid: 'new', policy }))
  const [alone, announced, followed] = [live([0]), live([76], live([0])), live([90], live([76], live([0])))]
  assert.deepEqual(revoke(alone, 'key1'), ['new current'])
  assert.deepEqual(revoke(announced, 'key1'), ['key2 current'])
  assert.deepEqual(revoke(announced, 'key2'), ['key1 current'])
  assert.deepEqual(revoke(followed, 'key1'), ['key2 current'])
  assert.deepEqual(revoke(followed, 'key2'), ['key1 previous', 'new current'])
  assert.deepEqual(revoke(followed, 'key9'), states(followed))
})
