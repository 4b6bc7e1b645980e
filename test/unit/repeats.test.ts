import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { events } from '../../src/audit/events.ts'
import type { EventName } from '../../src/audit/index.ts'
import { createRepeats, isAtWill, type Repeated } from '../../src/audit/repeats.ts'
import { createLogger } from '../../src/platform/logger.ts'

function open(t: TestContext, perMinute: number) {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 })
  const written: Repeated[] = []
  const logger = createLogger({ level: 'silent', isPretty: false })
  const repeats = createRepeats({ perMinute, write: async (repeated) => written.push(repeated), logger })
  return { ...repeats, written }
}

test('a number is told when the minute is over, though nobody comes any more', (t) => {
  const { admit, written } = open(t, 2)
  const admitted = Array.from({ length: 5 }, () => admit('request.refused', '192.0.2.1'))
  assert.deepEqual(admitted, [true, true, false, false, false])
  t.mock.timers.tick(59_999)
  assert.deepEqual(written, [])
  t.mock.timers.tick(1)
  const sinceAt = new Date(1_000_000)
  assert.deepEqual(written, [{ name: 'request.refused', address: '192.0.2.1', times: 3, sinceAt }])
  t.mock.timers.tick(120_000)
  assert.equal(written.length, 1)
})

test('a clock that is set back begins a new minute', (t) => {
  const { admit } = open(t, 1)
  assert.deepEqual([admit('request.refused', '::1'), admit('request.refused', '::1')], [true, false])
  t.mock.timers.setTime(500_000)
  assert.equal(admit('request.refused', '::1'), true)
})

test('whoever comes from ever more addresses shares one count, a kind of event', async (t) => {
  const { admit, tell, written } = open(t, 2)
  const addressOf = (index: number) => `10.0.${index >> 8}.${index & 255}`
  const countOf = (name: EventName, from: number, times: number) =>
    Array.from({ length: times }, (_, index) => admit(name, addressOf(from + index))).filter(Boolean).length
  assert.equal(countOf('request.refused', 0, 1000), 1000)
  assert.equal(countOf('request.refused', 1000, 5000), 2)
  assert.equal(countOf('token.refused', 0, 5000), 2)
  assert.equal(countOf('request.refused', 0, 1000), 1000, 'who has a count of its own keeps it')
  await tell()
  const told = written.map(({ name, address, times }) => [name, address, times])
  assert.deepEqual(told, [
    ['request.refused', undefined, 4998],
    ['token.refused', undefined, 4998],
  ])
})

test('every refusal of the catalogue is bounded, and nothing that tells of a success', () => {
  const names = Object.keys(events) as EventName[]
  const refusals = names.filter((name) => /refused|failed|limited/.test(name))
  assert.deepEqual(
    refusals.filter((name) => !isAtWill(name)),
    [],
  )
  for (const name of ['sign_in.succeeded', 'token.issued', 'token.reused', 'password.set', 'event.repeated'] as const)
    assert.equal(isAtWill(name), false, name)
})
