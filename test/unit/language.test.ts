import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { safeReturn } from '../../src/web/language.ts'

test('a path of ours is gone back to', () => {
  assert.equal(safeReturn('/interaction/abc_-/sign-in'), '/interaction/abc_-/sign-in')
})

for (const path of [
  '//evil.example',
  '/\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '',
  undefined,
]) {
  test(`${JSON.stringify(path)} leads to the front page`, () => assert.equal(safeReturn(path), '/'))
}

test('nothing that somebody types leads to another site', () => {
  const piece = fc.constantFrom('/', '\\', '.', ':', '@', '%2f', '\t', '\n', 'evil.example', 'https:', 'a')
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const url = new URL(safeReturn(pieces.join('')), 'https://gatehouse.example')
      assert.equal(url.origin, 'https://gatehouse.example')
    }),
  )
})
