import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maskPhoneNumber, readPhoneNumber } from '../../src/platform/sms/index.ts'

const good = (number: string) => ({ isGood: true, number })
const bad = (problem: string) => ({ isGood: false, problem })

test('however a number is written, it is read as E.164', () => {
  for (const typed of [
    '+49 151 12345678',
    '0049 151 12345678',
    '(0151) 12345678',
    '0151/1234-5678',
    '＋４９１５１１２３４５６７８',
  ])
    assert.deepEqual(readPhoneNumber(typed, ['DE', 'AT']), good('+4915112345678'), typed)
})

test('without a country nobody knows whose number it is', () => {
  assert.deepEqual(readPhoneNumber('0151 12345678', []), bad('invalid'))
  assert.deepEqual(readPhoneNumber('+49 151 12345678', []), good('+4915112345678'))
})

test('other countries are refused where some are named', () => {
  assert.deepEqual(readPhoneNumber('+43 664 1234567', ['DE', 'AT']), good('+436641234567'))
  assert.deepEqual(readPhoneNumber('+41 78 123 45 67', ['DE', 'AT']), bad('country'))
  // The same country code, another country: messages to it cost many times as much.
  assert.deepEqual(readPhoneNumber('+1 876 555 0123', ['US']).isGood, false)
})

test('numbers that cost their caller, or have no screen, are no phones to write to', () => {
  for (const typed of ['+49 900 1234567', '+49 30 901820', '+49 800 1234567', '+882 16 1234567', '110'])
    assert.deepEqual(readPhoneNumber(typed, []), bad('invalid'), typed)
})

test('no more and no less than a number is one', () => {
  for (const typed of [
    '',
    '+',
    'call +49 151 12345678',
    '+49 151 12345678 ext. 5',
    '+49 151 12345678\n+43 664 1234567',
  ])
    assert.deepEqual(readPhoneNumber(typed, []), bad('invalid'), typed)
})

test('whatever is typed is read or refused, never a fault', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40, unit: 'binary' }), (typed) => {
      const read = readPhoneNumber(typed, ['DE'])
      if (read.isGood) assert.match(read.number, /^\+49\d{6,13}$/)
    }),
  )
})

test('two digits of a number may be shown', () => {
  assert.equal(maskPhoneNumber('+4915112345678'), '••• 78')
})
