import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonParts } from '../../src/workbench/playground/json-parts.ts'

test('JSON is told apart into names, texts and other values', () => {
  const parts = jsonParts('{"a \\"b": ["x: 1", -1.5, true]}').filter(({ kind }) => kind !== 'plain')
  assert.deepEqual(
    parts.map(({ kind, text }) => `${kind} ${text}`),
    ['name "a \\"b"', 'text "x: 1"', 'value -1.5', 'value true'],
  )
})

test('whatever is told apart is the same text in the end', () => {
  const isKept = (text: string) =>
    jsonParts(text)
      .map((part) => part.text)
      .join('') === text
  fc.assert(fc.property(fc.json(), isKept))
  fc.assert(fc.property(fc.string(), isKept))
})
