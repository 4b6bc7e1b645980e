import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../src/platform/refusal.ts'
import { readForm } from '../../src/web/index.ts'
import { contextOf } from '../support/context.ts'

const formOf = (body: string) => readForm(contextOf({ method: 'POST', body }))
const isMalformed = (error: unknown) =>
  error instanceof Refusal && error.code === 'request.malformed' && error.status === 400

test('a form is what a browser made of its fields', () => {
  const fields = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))
  fc.assert(
    fc.property(fields, (entries) => {
      assert.deepEqual(formOf(new URLSearchParams(Object.entries(entries)).toString()), { ...entries })
    }),
  )
})

test('a field that comes twice is refused, wherever it stands', () => {
  const fields = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fields, fc.nat(), fc.nat(), (names, which, where) => {
      const again = names[which % names.length] ?? ''
      const all = names.toSpliced(where % (names.length + 1), 0, again)
      assert.throws(
        () => formOf(new URLSearchParams(all.map((name): [string, string] => [name, 'x'])).toString()),
        isMalformed,
      )
    }),
  )
})

test('whatever is sent gives fields or a refusal, each field a text', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', '=', '&', '%', '+', '[', ']', '0') })),
      (body) => {
        try {
          for (const value of Object.values(formOf(body))) assert.equal(typeof value, 'string')
        } catch (error) {
          assert.ok(isMalformed(error), String(error))
        }
      },
    ),
  )
})

test('names that mean something to JavaScript, and names with brackets, are only names', () => {
  const fields = formOf('__proto__=x&constructor=y&a[b]=c')
  assert.deepEqual(Object.entries(fields), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
    ['a[b]', 'c'],
  ])
  assert.equal(({} as { x?: unknown }).x, undefined)
  assert.equal(Object.getPrototypeOf(fields), Object.prototype)
})

test('without a body there are no fields', () => {
  assert.deepEqual(readForm(contextOf({ method: 'POST' })), {})
})
