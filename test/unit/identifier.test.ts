import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { normaliseIdentifier } from '../../src/accounts/index.ts'

test('an account is found however the address is written', () => {
  for (const typed of [
    'ada@example.com',
    ' Ada@Example.COM ',
    'ADA@EXAMPLE.COM',
    'ａｄａ@example.com',
    'ada@ｅxample.com',
  ])
    assert.equal(normaliseIdentifier(typed), 'ada@example.com', typed)
  assert.equal(normaliseIdentifier('jörg@Bücher.example'), 'jörg@xn--bcher-kva.example')
  assert.equal(normaliseIdentifier('jo\u0308rg@xn--bcher-kva.example'), 'jörg@xn--bcher-kva.example')
  assert.equal(normaliseIdentifier("o'hara+list@mail.example.co.uk"), "o'hara+list@mail.example.co.uk")
})

for (const typed of [
  '',
  '@',
  'ada',
  'ada@',
  '@example.com',
  'ada@localhost',
  'ada@example..com',
  'ada@@example.com',
  'ada byron@example.com',
  '"ada"@example.com',
  'ada@exa mple.com',
  'ada\u0000@example.com',
  'ada\n@example.com',
  '<ada@example.com>',
  'ada@[192.0.2.1]',
  'ada@example.com/path',
  'ada@example.com?x',
  'ada@example.com#x',
  'ada@example.com:25',
  'ada@ex%61mple.com',
  'ada@192.0.2.1',
  'ada@1.2',
  `${'a'.repeat(250)}@example.com`,
]) {
  test(`${JSON.stringify(typed.slice(0, 30))} is no address`, () => assert.equal(normaliseIdentifier(typed), undefined))
}

test('normalising once more changes nothing', () => {
  const typed = fc.oneof(
    fc.emailAddress(),
    fc.string({ unit: 'grapheme' }),
    fc.tuple(fc.string({ unit: 'grapheme' }), fc.domain()).map(([local, domain]) => `${local}@${domain}`),
  )
  fc.assert(
    fc.property(typed, (text) => {
      const once = normaliseIdentifier(text)
      if (once !== undefined) assert.equal(normaliseIdentifier(once), once)
    }),
    { numRuns: 1000 },
  )
})

test('every common address is one, and neither case nor blanks around it matter', () => {
  fc.assert(
    fc.property(fc.emailAddress({ size: 'small' }), (address) => {
      fc.pre(!address.includes('"'))
      const identifier = normaliseIdentifier(address)
      assert.ok(identifier, address)
      assert.equal(normaliseIdentifier(`  ${address.toUpperCase()} `), identifier)
    }),
  )
})

test('what comes out cannot break a header, a query or a page', () => {
  const piece = fc.constantFrom(
    'ada',
    '@',
    'example.com',
    '<',
    '>',
    '"',
    '\r\n',
    '\u0000',
    ' ',
    '\u202e',
    '.',
    'ß',
    'İ',
  )
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const identifier = normaliseIdentifier(pieces.join(''))
      if (identifier !== undefined) assert.doesNotMatch(identifier, /[\s<>"\p{Cc}]/u)
    }),
    { numRuns: 2000 },
  )
})
