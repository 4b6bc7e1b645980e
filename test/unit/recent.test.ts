import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRecent } from '../../src/platform/recent.ts'

test('what is used stays, what is not is forgotten, and never more than twice as much is kept', () => {
  const recent = createRecent<number>(10)
  recent.set('used', 0)
  for (let index = 1; index <= 100; index += 1) {
    recent.set(`other ${index}`, index)
    assert.equal(recent.get('used'), 0)
  }
  const kept = Array.from({ length: 100 }, (_, index) => recent.get(`other ${index + 1}`)).filter(Boolean)
  assert.ok(kept.length >= 9 && kept.length < 20)
  assert.equal(recent.get('other 100'), 100)
  assert.equal(recent.get('other 1'), undefined)
  assert.equal(recent.get('never'), undefined)
})

test('what is set again has its newest value', () => {
  const recent = createRecent<string>(2)
  recent.set('a', 'first')
  recent.set('b', '')
  recent.set('c', '')
  recent.set('a', 'second')
  assert.equal(recent.get('a'), 'second')
})
