import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NoticeDetails, type NoticeName, occasions } from '../../src/notices/catalogue.ts'
import { createCompose } from '../../src/notices/compose.ts'
import { createRenderer, languageCookie, loadAssets, loadMessages } from '../../src/web/index.ts'

const messages = loadMessages('views/messages')
const brand = { name: 'Reading Room', accent: '#4338ca' }
const renderer = createRenderer({
  viewsDir: 'views',
  assets: loadAssets('views/assets', {}),
  messages,
  brand,
  language: languageCookie('http://localhost'),
})
const compose = createCompose({ messages, renderer, brand })

const link = 'https://id.example/somewhere/token'
const soon = () => new Date(Date.now() + 15 * 60_000)
const happening = { at: new Date('2026-11-24T21:40:00Z'), address: '192.0.2.7' }
const credential = { ...happening, method: 'password', label: 'My <b>laptop</b>' }
const samples: { readonly [N in NoticeName]: NoticeDetails[N] } = {
  passwordSet: happening,
  passwordChanged: happening,
  browserTrusted: happening,
  credentialAdded: credential,
  credentialRemoved: credential,
  credentialRenamed: credential,
  recoveryCodeUsed: { ...happening, left: 3 },
  emailChanged: { ...happening, newEmail: 'new@example.com', link, expiresAt: new Date('2030-01-02T03:04:05Z') },
  emailChangeProof: { link, code: '123456', expiresAt: soon() },
  emailVerification: { link, code: '123456', expiresAt: soon() },
  welcome: { link, expiresAt: new Date('2030-01-02T03:04:05Z') },
  invitation: { link, expiresAt: soon() },
  accountExists: { link },
  signInLink: { link, expiresAt: soon() },
  passwordReset: { link, code: '123456', expiresAt: soon() },
  test: {},
}
const names = Object.keys(occasions) as NoticeName[]

test('every notice is complete in every language, in both forms', () => {
  for (const locale of messages.locales) {
    const subjects = new Set<string>()
    for (const name of names) {
      const { subject, html, text } = compose(name, locale, samples[name])
      subjects.add(subject)
      assert.match(subject, /Reading Room/, `${locale} ${name}`)
      for (const form of [html, text]) assert.doesNotMatch(form, /\{\w+\}|undefined|\[object/, `${locale} ${name}`)
      assert.match(html, new RegExp(`<html lang="${locale}"`))
    }
    assert.equal(subjects.size, names.length, locale)
  }
})

test('each has one action at most, no picture and nothing from elsewhere', () => {
  for (const name of names) {
    const { html } = compose(name, 'en', samples[name])
    assert.doesNotMatch(html, /<img|<script|<link|url\(/, name)
    const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)
    assert.deepEqual(links, 'link' in samples[name] ? [link] : [], name)
  }
})

test('the plain text says what the other form says', () => {
  const { html, text } = compose('emailVerification', 'en', samples.emailVerification)
  for (const part of ['Confirm your e-mail address', '123456', link, 'Good for 15 minutes, and once.']) {
    assert.ok(html.includes(part), part)
    assert.ok(text.includes(part), part)
  }
})

test('what people typed cannot become markup', () => {
  const { html, text } = compose('credentialAdded', 'en', samples.credentialAdded)
  assert.ok(html.includes('Password: My &lt;b&gt;laptop&lt;/b&gt;'))
  assert.ok(text.includes('What: Password: My <b>laptop</b>'))
})

test('a change says when, in a time zone that is named, and from where', () => {
  const { text } = compose('passwordSet', 'en', samples.passwordSet)
  assert.match(text, /^When: November 24, 2026 at 9:40.PM UTC$/m)
  assert.match(text, /^From: 192\.0\.2\.7$/m)
})

test('a code is not sent when it is no longer good; a notice of a change has no end', () => {
  assert.equal(compose('passwordReset', 'en', samples.passwordReset).notAfter, samples.passwordReset.expiresAt)
  assert.equal(compose('passwordSet', 'en', samples.passwordSet).notAfter, undefined)
})

test('a language that is not there falls back to English, a variant to its language', () => {
  assert.match(compose('passwordSet', 'de-AT', samples.passwordSet).html, /lang="de"/)
  assert.match(compose('passwordSet', 'tlh', samples.passwordSet).html, /lang="en"/)
  assert.match(compose('passwordSet', undefined, samples.passwordSet).html, /lang="en"/)
})
