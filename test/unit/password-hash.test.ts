import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPasswordHasher, QueueFullError } from '../../src/platform/password-hash.ts'

const cost = { memoryKib: 1024, passes: 2, parallelism: 1 }
const hashing = { concurrency: 2, queueLimit: 64 }

test('the right password matches and a wrong one does not', async () => {
  const hasher = await createPasswordHasher({ ...cost, ...hashing })
  const hash = await hasher.hash('correct horse battery staple')
  assert.match(hash, /^\$argon2id\$v=19\$m=1024,(t=2,p=1|p=1,t=2)\$/)
  assert.deepEqual(await hasher.verify(hash, 'correct horse battery staple'), { matches: true, isOutdated: false })
  assert.deepEqual(await hasher.verify(hash, 'Correct horse battery staple'), { matches: false, isOutdated: false })
  assert.notEqual(await hasher.hash('correct horse battery staple'), hash)
})

test('without a hash nothing matches', async () => {
  const hasher = await createPasswordHasher({ ...cost, ...hashing })
  for (const password of ['', 'undefined', 'correct horse battery staple']) {
    assert.deepEqual(await hasher.verify(undefined, password), { matches: false, isOutdated: false })
  }
})

test('a hash of another cost still matches and is called outdated', async () => {
  const before = await createPasswordHasher({ ...cost, ...hashing })
  const hash = await before.hash('correct horse battery staple')
  for (const change of [{ memoryKib: 2048 }, { passes: 3 }, { parallelism: 2 }]) {
    const after = await createPasswordHasher({ ...cost, ...hashing, ...change })
    assert.deepEqual(await after.verify(hash, 'correct horse battery staple'), { matches: true, isOutdated: true })
    assert.deepEqual(await after.verify(hash, 'something else entirely'), { matches: false, isOutdated: false })
  }
})

test('what is no hash never matches and never throws', async () => {
  const hasher = await createPasswordHasher({ ...cost, ...hashing })
  const broken = [
    '',
    'x',
    '$argon2id$',
    '$argon2id$v=19$m=1024,t=2,p=1$c2FsdA$',
    '$2b$10$abcdefghijklmnopqrstuv',
    '$$$$$$',
  ]
  for (const hash of broken) {
    assert.deepEqual(await hasher.verify(hash, 'correct horse battery staple'), { matches: false, isOutdated: false })
  }
})

test('when the queue is full the next is told to come back, and the others are served in order', async () => {
  const hasher = await createPasswordHasher({ ...cost, concurrency: 1, queueLimit: 2 })
  const order: number[] = []
  const served = [0, 1, 2].map(async (number) => {
    await hasher.hash('correct horse battery staple')
    order.push(number)
  })
  await assert.rejects(hasher.verify(undefined, 'one too many'), (error) => {
    assert.ok(error instanceof QueueFullError)
    assert.ok(Number.isInteger(error.retryAfterSeconds) && error.retryAfterSeconds >= 1)
    return true
  })
  await Promise.all(served)
  assert.deepEqual(order, [0, 1, 2])
  assert.deepEqual(await hasher.verify(undefined, 'in time'), { matches: false, isOutdated: false })
})

test('a password that cannot be hashed gives its place in the queue back', async () => {
  const hasher = await createPasswordHasher({ ...cost, concurrency: 1, queueLimit: 0 })
  for (const _ of [1, 2, 3]) assert.equal((await hasher.verify('broken', 'x')).matches, false)
  assert.match(await hasher.hash('still working'), /^\$argon2id\$/)
})
