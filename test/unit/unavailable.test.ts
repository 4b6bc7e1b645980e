import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mongo } from 'mongoose'
import { createQueue } from '../../src/platform/database/gathering/queue.ts'
import { isUnavailable } from '../../src/platform/database/index.ts'

test('a queue that is full is taken for a database that is overrun', async () => {
  const enqueue = createQueue<string, string>({ send: async (items) => items, capacity: 0 })
  await assert.rejects(enqueue('one'), (error) => isUnavailable(error))
})

test('a server that is no primary any more, or shuts down, is away', () => {
  for (const code of [91, 189, 10_107, 11_600, 13_435]) {
    assert.ok(isUnavailable(new mongo.MongoServerError({ message: 'elsewhere', code })), String(code))
  }
  assert.ok(isUnavailable(new mongo.MongoNetworkError('closed')))
})

test('what a document or a command does wrong is a mistake, and none of the database', () => {
  for (const code of [2, 121, 11_000]) {
    assert.equal(isUnavailable(new mongo.MongoServerError({ message: 'wrong', code })), false, String(code))
  }
  for (const thrown of [new Error('closed'), undefined, 'closed', { code: 91 }])
    assert.equal(isUnavailable(thrown), false)
})
