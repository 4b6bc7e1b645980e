import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../src/platform/refusal.ts'
import { createCsrf } from '../../src/web/index.ts'
import { contextOf } from '../support/context.ts'

const issuer = 'https://id.example.com'
const csrf = createCsrf({ keys: ['k'.repeat(32), 'older'.repeat(8)], issuer })
const own = { origin: issuer, 'sec-fetch-site': 'same-origin' }

/** The code it is refused with, or nothing. */
function refusalOf(token: unknown, headers: Record<string, string> = own, binding = 'interaction-1') {
  try {
    csrf.verify(contextOf({ method: 'POST', headers }), binding, token)
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

test('a form of our own page is taken', () => {
  assert.equal(refusalOf(csrf.token('interaction-1')), undefined)
})

test('a browser that does not say where it comes from is judged by the token alone', () => {
  assert.equal(refusalOf(csrf.token('interaction-1'), {}), undefined)
  assert.equal(refusalOf('', {}), 'request.forged')
})

test('a token is good for one thing only, and for one key', () => {
  assert.equal(refusalOf(csrf.token('interaction-2')), 'request.forged')
  assert.equal(refusalOf(createCsrf({ keys: ['other'.repeat(8)], issuer }).token('interaction-1')), 'request.forged')
})

test('a form that was shown before the keys changed is taken', () => {
  assert.equal(refusalOf(createCsrf({ keys: ['older'.repeat(8)], issuer }).token('interaction-1')), undefined)
})

for (const [name, headers] of Object.entries({
  'another origin': { ...own, origin: 'https://evil.example' },
  'a subdomain of ours': { ...own, origin: 'https://evil.id.example.com' },
  'our host without encryption': { ...own, origin: 'http://id.example.com' },
  'another port': { ...own, origin: 'https://id.example.com:8443' },
  'an origin that is kept secret': { ...own, origin: 'null' },
  'another site': { 'sec-fetch-site': 'cross-site' },
  'a neighbour on our domain': { 'sec-fetch-site': 'same-site' },
})) {
  test(`a form from ${name} is refused, whatever its token`, () => {
    assert.equal(refusalOf(csrf.token('interaction-1'), headers), 'request.forged')
  })
}

test('nothing but the token is taken for it', () => {
  const right = csrf.token('interaction-1')
  fc.assert(
    fc.property(fc.anything(), (given) => {
      fc.pre(given !== right)
      assert.equal(refusalOf(given), 'request.forged')
    }),
  )
  for (const near of [right.slice(0, -1), `${right}A`, ` ${right}`, right.toLowerCase(), [right]])
    assert.equal(refusalOf(near), 'request.forged')
})
