import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCommonPassword } from '../../src/platform/password-strength/common-passwords.ts'
import { ownWords } from '../../src/sign-in/methods/password/own-words.ts'
import { choosePolicy, findRuleProblems } from '../../src/sign-in/methods/password/policy.ts'

const classic = choosePolicy({ policy: 'classic', maxLength: 256, isWithinMfa: false })
const nist = choosePolicy({ policy: 'nist', maxLength: 256, isWithinMfa: false })
const nistWithinMfa = choosePolicy({ policy: 'nist', maxLength: 256, isWithinMfa: true })

test('classic asks for twelve characters of four kinds, and names each that is missing', () => {
  const cases: [password: string, problems: string[]][] = [
    ['Abcdefghij1!', []],
    ['Abcdefghi1!', ['too_short']],
    ['abcdefghijkl', ['missing_upper', 'missing_digit', 'missing_symbol']],
    ['ABCDEFGHIJ1!', ['missing_lower']],
    ['x', ['too_short', 'missing_upper', 'missing_digit', 'missing_symbol']],
    ['', ['too_short', 'missing_lower', 'missing_upper', 'missing_digit', 'missing_symbol']],
  ]
  for (const [password, problems] of cases) assert.deepEqual(findRuleProblems(password, classic), problems)
})

test('every listed sign is one, and so is any other character that is neither letter nor digit', () => {
  for (const sign of [...'!@#$%^&*()_+-=[]{}|;:,.<>?', ' ', '€', '~', '🔑', '"']) {
    assert.deepEqual(findRuleProblems(`Abcdefghij1${sign}`, classic), [], sign)
  }
  // Letters of other alphabets are letters, and an accent typed by itself belongs to its letter.
  for (const letter of ['é', 'e\u0301', 'ß', 'д']) {
    assert.deepEqual(findRuleProblems(`Abcdefghij1${letter}`, classic), ['missing_symbol'], letter)
  }
})

test('R-35: nist counts code points, asks for no kinds of characters, and takes eight within MFA', () => {
  assert.deepEqual(findRuleProblems('a'.repeat(15), nist), [])
  assert.deepEqual(findRuleProblems('a'.repeat(14), nist), ['too_short'])
  assert.deepEqual(findRuleProblems('a'.repeat(8), nistWithinMfa), [])
  assert.deepEqual(findRuleProblems('a'.repeat(7), nistWithinMfa), ['too_short'])
  assert.deepEqual(findRuleProblems('\u{1F511}'.repeat(15), nist), [])
  assert.deepEqual(findRuleProblems('\u{1F511}'.repeat(14), nist), ['too_short'])
})

test('R-35: the longest password has 256 code points, and nothing else is said of a longer one', () => {
  assert.deepEqual(findRuleProblems(`Aa1!${'\u{1F511}'.repeat(252)}`, classic), [])
  assert.deepEqual(findRuleProblems('\u{1F511}'.repeat(257), classic), ['too_long'])
})

test('what an operator says replaces the part of the preset that it is about', () => {
  const own = { minLength: 20, minScore: 4, maxLength: 128, isWithinMfa: true }
  const longer = choosePolicy({ policy: 'nist', ...own })
  assert.deepEqual(longer, { minLength: 20, maxLength: 128, needs: [], minScore: 4 })
})

test('a person is known by the parts of e-mail and name, and by the product', () => {
  const words = ownWords({ email: 'Ada.Byron+shop@mail.lovelace.co.uk', name: 'Ada K. Byron' }, 'Reading Room')
  for (const word of [
    'ada',
    'byron',
    'shop',
    'lovelace',
    'ada.byron+shop',
    'adak.byron',
    'readingroom',
    'reading',
    'room',
  ])
    assert.ok(words.includes(word), word)
  assert.ok(!words.includes('uk') && !words.includes('k'))
  assert.ok(ownWords({ email: `${'a.b-c'.repeat(100)}@x.example`, name: 'n '.repeat(100) }, 'P').length <= 40)
})

test('ASVS 6.2.4: a common password is one in any case and with a simple suffix', () => {
  const list = new Set(['password', 'iloveyou', 'qwerty123456'])
  for (const common of ['password', 'PASSWORD', 'Password1!', 'ILoveYou2024!?', 'qwerty123456', ' password '])
    assert.ok(isCommonPassword(common, list), common)
  for (const fine of ['password and more', 'Password93847561!', 'mypassword'])
    assert.ok(!isCommonPassword(fine, list), fine)
})
