import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { LANGUAGES } from '../../src/config/index.ts'
import { loadMessages } from '../../src/web/index.ts'
import { scratchFolder } from '../support/scratch.ts'

const folder = 'views/messages'
const messages = loadMessages(folder)

test('there are texts in every language that can be the default', () => {
  assert.deepEqual([...LANGUAGES].sort(), messages.locales)
})

/** The texts of a file, by their full key. */
function textsOf(locale: string): Map<string, string> {
  const flatten = (value: unknown, key: string): [string, string][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, inner]) => flatten(inner, key ? `${key}.${name}` : name))
      : [[key, String(value ?? '')]]
  return new Map(flatten(parse(readFileSync(join(folder, `${locale}.yaml`), 'utf8')), ''))
}

const english = textsOf('en')
const placeholders = (text = '') => [...new Set([...text.matchAll(/\{\w+\}/g)].map(([name]) => name))].sort()

const read = (root: string, ending: string) =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(root, name), 'utf8'))

/** Everything that could name a text: templates and code. */
const sources = [...read('views', '.eta'), ...read('src', '.ts')].join('\n')

test('English and German are there', () => {
  assert.deepEqual(messages.locales, ['de', 'en'])
})

for (const locale of messages.locales) {
  test(`the texts of ${locale} are complete, and none is too many`, () => {
    assert.deepEqual([...textsOf(locale).keys()].sort(), [...english.keys()].sort())
  })

  test(`every text of ${locale} says something, and mentions what the English one does`, () => {
    for (const [key, text] of textsOf(locale)) {
      assert.ok(text.trim() === text && text !== '', key)
      assert.deepEqual(placeholders(text), placeholders(english.get(key)), key)
    }
  })
}

test('a text is not left in English', () => {
  // Names, and words that both languages have.
  const same = [...textsOf('de')].filter(([key, text]) => text.length > 40 && text === english.get(key))
  assert.deepEqual(same, [])
})

test('every text that a page or a mail asks for is there', () => {
  const asked = [...sources.matchAll(/\bt\(\s*'([\w.-]+)'/g)].map(([, key = '']) => key)
  assert.ok(asked.length > 100)
  const hasText = (key: string) => english.has(key) || english.has(`${key}.other`)
  assert.deepEqual(
    asked.filter((key) => !hasText(key)),
    [],
  )
})

test('every family of texts that a page or a mail chooses from is there', () => {
  const families = [...sources.matchAll(/\bt\(\s*`([\w.-]+\.)\$\{/g)].map(([, prefix = '']) => prefix)
  assert.ok(families.length > 5)
  for (const prefix of families)
    assert.ok(
      [...english.keys()].some((key) => key.startsWith(prefix)),
      prefix,
    )
})

test('no text is there for nobody', () => {
  const named = new Set([...sources.matchAll(/['"`]([a-z]\w*(?:\.[\w-]+)+)['"`]/gi)].map(([, key]) => key))
  const families = [...sources.matchAll(/`([a-z][\w.-]*\.)\$\{/gi)].map(([, prefix = '']) => prefix)
  const isUsed = (key: string) =>
    named.has(key) || named.has(key.replace(/\.\w+$/, '')) || families.some((prefix) => key.startsWith(prefix))
  assert.deepEqual(
    [...english.keys()].filter((key) => !isUsed(key)),
    [],
  )
})

test('every refusal that people meet on a page has a text in their language', () => {
  // Shown on pages of their own.
  const shownOtherwise = new Set(['invitation.gone'])
  const codes = ['src/web', 'src/sign-in', 'src/self-service', 'src/provider/interaction']
    .flatMap((room) => read(room, '.ts'))
    .flatMap((text) => [...text.matchAll(/\bcode: '([a-z_]+\.[a-z_.]+)'/g)].map(([, code = '']) => code))
  assert.ok(codes.length > 10)
  const isSilent = (code: string) =>
    !english.has(`refusals.${code}`) && !english.has(`refusals.${code}.other`) && !english.has(`errors.${code}.text`)
  assert.deepEqual(
    codes.filter((code) => isSilent(code) && !shownOtherwise.has(code)),
    [],
  )
})

test('a text is filled in, and what is not given stays as it is', () => {
  assert.match(messages.translator('en')('common.backTo', { client: 'Reading Room' }), /Reading Room/)
  assert.match(messages.translator('en')('common.backTo'), /\{client\}/)
})

test('what is filled in is not filled in again', () => {
  assert.match(messages.translator('en')('common.backTo', { client: '{client} $& $1' }), /\{client\} \$& \$1/)
})

test('a text that is nowhere is a mistake of ours, and one that is only in English is told in English', (t) => {
  const own = loadMessages(
    scratchFolder(t, { 'en.yaml': 'a: { one: "{count} day", other: "{count} days" }\nb: B\n', 'de.yaml': 'c: C\n' }),
  )
  assert.throws(() => own.translator('de')('nowhere'), /nowhere/)
  assert.equal(own.translator('de')('b'), 'B')
  assert.deepEqual(
    [1, 2].map((count) => own.translator('en')('a', { count })),
    ['1 day', '2 days'],
  )
})

test('what a relying party asks for comes first, then what the person chose, then what the browser prefers', () => {
  const all = { uiLocales: 'fr de', chosen: 'en', acceptLanguage: 'en' }
  assert.equal(messages.negotiate(all), 'de')
  assert.equal(messages.negotiate({ ...all, uiLocales: 'fr' }), 'en')
  assert.equal(messages.negotiate({ chosen: 'de', acceptLanguage: 'en' }), 'de')
  assert.equal(messages.negotiate({ acceptLanguage: 'fr, de-AT;q=0.8, en;q=0.7' }), 'de')
  assert.equal(messages.negotiate({ acceptLanguage: 'DE' }), 'de')
  assert.equal(messages.negotiate({}), 'en')
})

test('a language that is ruled out is not chosen (RFC 9110 section 12.4.2)', () => {
  assert.equal(messages.negotiate({ acceptLanguage: 'de;q=0, en;q=0.1' }), 'en')
  assert.equal(messages.negotiate({ acceptLanguage: 'de; q=0, en; q=0.1' }), 'en')
})

test('the best of what a browser accepts is chosen, in whatever order it stands', () => {
  const quality = fc.integer({ min: 1, max: 1000 }).map((thousandths) => thousandths / 1000)
  fc.assert(
    fc.property(quality, quality, fc.boolean(), (german, british, isGermanFirst) => {
      fc.pre(german !== british)
      const parts = [`de-DE;q=${german}`, `en-GB;q=${british}`]
      const acceptLanguage = (isGermanFirst ? parts : parts.reverse()).join(', ')
      assert.equal(messages.negotiate({ acceptLanguage }), german > british ? 'de' : 'en')
    }),
  )
})

test('whatever a header says, there is a language', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('de', 'en-GB', '*', ';q=', '0.5', ',', ';', ' ', '-', '__proto__'),
  )
  fc.assert(
    fc.property(fc.array(piece), fc.string(), fc.string(), (pieces, chosen, uiLocales) => {
      const acceptLanguage = pieces.join('')
      assert.ok(messages.locales.includes(messages.negotiate({ acceptLanguage, chosen, uiLocales })))
    }),
  )
})
