import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashSecret, idFor, newId, newOrderedId, newSecret } from '../../src/platform/ids.ts'

test('an id is 128 bits in 22 characters that are safe in a URL', () => {
  const id = newId()
  assert.match(id, /^[\w-]{22}$/)
  assert.equal(Buffer.from(id, 'base64url').length, 16)
})

test('ids and secrets do not repeat', () => {
  const made = Array.from({ length: 1000 }, () => [newId(), newSecret()]).flat()
  assert.equal(new Set(made).size, made.length)
})

test('no id begins like an option, so that every command takes it', () => {
  const wrong = Array.from({ length: 5000 }, () => newId()).filter((id) => id.startsWith('-'))
  assert.deepEqual(wrong, [])
})

test('ordered ids sort as they were made, within a millisecond and when the clock is set back', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 10_000 })
  const many = Array.from({ length: 1000 }, () => newOrderedId())
  t.mock.timers.setTime(Date.now() + 1)
  many.push(newOrderedId())
  t.mock.timers.reset()
  many.push(newOrderedId())
  assert.deepEqual(many.toSorted(), many)
  assert.equal(new Set(many).size, many.length)
})

test('a secret has 256 bits unless told otherwise', () => {
  assert.equal(Buffer.from(newSecret(), 'base64url').length, 32)
  assert.equal(Buffer.from(newSecret(16), 'base64url').length, 16)
})

test('what is stored of a secret is its SHA-256', () => {
  // FIPS 180-4, the example of "abc".
  const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  assert.equal(Buffer.from(hashSecret('abc'), 'base64url').toString('hex'), digest)
})

test('the identifier for a secret is always the same, and looks like any other', () => {
  const secret = newSecret()
  assert.equal(idFor(secret), idFor(secret))
  assert.match(idFor(secret), /^[\w-]{22}$/)
  assert.notEqual(idFor(secret), idFor(newSecret()))
})
