import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backOffMs, threadsFor } from '../../src/workers.ts'

test('the first end of a worker is an accident: it is replaced at once', () => {
  assert.equal(backOffMs(1), 0)
})

test('a worker that ends again and again is replaced ever later, and never later than after a quarter minute', () => {
  assert.deepEqual(
    [2, 3, 4, 5, 6, 7, 8, 9, 1000].map(backOffMs),
    [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000],
  )
})

test('hashing never takes all threads', () => {
  for (const hashing of [1, 2, 16]) assert.ok(threadsFor(hashing) > hashing)
})
