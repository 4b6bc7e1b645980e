import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
let rp: RelyingParty
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com')
  rp = await RelyingParty.create(world, { first_party: true })
})
after(() => world.close())

/** A fresh browser at the password page of this identifier. */
async function reachPassword(identifier: string): Promise<Page> {
  rp.browser = new Browser(world.issuer)
  const { url } = await rp.start()
  return rp.browser.press(await rp.browser.open(url), 'continue', { identifier })
}

test('field and button names are what scripted browsers rely on', async () => {
  rp.browser = new Browser(world.issuer)
  const first = await rp.browser.open((await rp.start()).url)
  const [identify] = first.forms
  assert.deepEqual(Object.keys(identify?.fields ?? {}), ['csrf', 'identifier'])
  assert.deepEqual(identify?.actions, ['continue'])
  const second = await rp.browser.press(first, 'continue', { identifier: 'ada@example.com' })
  const form = second.forms.find(({ actions }) => actions.includes('sign-in'))
  assert.deepEqual(Object.keys(form?.fields ?? {}), ['csrf', 'username', 'password'])
})

test('every POST of the interaction is answered with 303', async () => {
  const page = await reachPassword('ada@example.com')
  assert.equal((await rp.browser.send(page, 'sign-in', { password: 'wrong password' })).status, 303)
  const again = await rp.browser.get(page.url.href)
  assert.match(again.text, /That did not match/)
  assert.ok(!again.text.includes('wrong password'))
  assert.equal((await rp.browser.send(again, 'sign-in', { password: PASSWORD })).status, 303)
})

test('an identifier is found however it is spelled, and what is none is named and kept', async () => {
  const page = await reachPassword(' ADA@Example.COM ')
  assert.ok(answerOf(await rp.browser.press(page, 'sign-in', { password: PASSWORD })).code)
  const wrong = await reachPassword('no address')
  assert.match(wrong.text, /Enter an e-mail address/)
  assert.ok(wrong.forms.some(({ fields }) => fields.identifier === 'no address'))
})

test('"Not you?" forgets who it was', async () => {
  const page = await reachPassword('ada@example.com')
  const first = await rp.browser.press(page, 'switch')
  assert.equal(first.heading, 'Sign in')
  assert.ok(!first.text.includes('ada@example.com'))
})

test('an unknown identifier looks the same at every step', async () => {
  const steps = async (identifier: string) => {
    const page = await reachPassword(identifier)
    const sent = await rp.browser.send(page, 'sign-in', { password: 'not the password' })
    const shown = await rp.browser.follow(sent)
    const neutral = (text: string) =>
      text
        .replaceAll(identifier, 'X')
        .replace(/(nonce|value|src|content)="[^"]*"/g, '')
        .replace(/interaction(\/|%2F)[\w-]+/g, '')
    return { first: neutral(page.text), status: sent.status, second: neutral(shown.text), shown: shown.status }
  }
  assert.deepEqual(await steps('nobody.at.all@example.com'), await steps('ada@example.com'))
})

test('going back sends access_denied to the client', async () => {
  rp.browser = new Browser(world.issuer)
  const { url } = await rp.start()
  assert.equal(answerOf(await rp.browser.press(await rp.browser.open(url), 'abort')).error, 'access_denied')
})

test('another browser cannot use an interaction, whatever it knows', async () => {
  const page = await reachPassword('ada@example.com')
  const stranger = new Browser(world.issuer)
  const [form] = page.forms.filter(({ actions }) => actions.includes('sign-in'))
  const answer = await stranger.post(form?.action ?? '', { ...form?.fields, password: PASSWORD })
  assert.equal(answer.status, 410)
  assert.equal((await stranger.get(page.url.href)).status, 410)
})

test('a form without token, with a wrong one, or from another site is refused and told to the trail', async () => {
  const page = await reachPassword('ada@example.com')
  const form = page.forms.find(({ actions }) => actions.includes('sign-in'))
  const action = form?.action ?? ''
  const fields = { ...form?.fields, password: PASSWORD }
  const before = (await world.events('request.refused')).length
  assert.equal((await rp.browser.post(action, { ...fields, csrf: '' })).status, 403)
  assert.equal((await rp.browser.post(action, { ...fields, csrf: 'x'.repeat(43) })).status, 403)
  assert.equal((await rp.browser.post(action, fields, { origin: 'https://evil.example' })).status, 403)
  assert.equal((await rp.browser.post(action, fields, { origin: 'null' })).status, 403)
  assert.equal((await rp.browser.post(action, fields, { 'sec-fetch-site': 'cross-site' })).status, 403)
  assert.equal((await world.events('request.refused')).length, before + 5)
  assert.equal((await rp.browser.post(action, fields)).status, 303)
})

test('signing in as somebody else ends the session of the one before', async () => {
  await world.addAccount('bob@example.com')
  rp.browser = new Browser(world.issuer)
  const ada = await rp.run('ada@example.com')
  const started = await rp.start({ prompt: 'login' })
  const other = await rp.browser.press(await rp.browser.open(started.url), 'switch')
  const tokens = await rp.redeem(await rp.signIn(other, 'bob@example.com'), started)
  assert.notEqual(tokens.claims()?.sub, ada.claims()?.sub)
  const userinfo = await fetch(`${world.issuer}/me`, { headers: { authorization: `Bearer ${ada.access_token}` } })
  assert.equal(userinfo.status, 401)
})

test('a session gets a new id at every sign-in', async () => {
  rp.browser = new Browser(world.issuer)
  await rp.run('ada@example.com')
  const idOf = () => [...rp.browser.cookies.values()].find(({ name }) => name.endsWith('gatehouse.session'))?.value
  const before = idOf()
  const started = await rp.start({ prompt: 'login' })
  await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')
  assert.ok(before)
  assert.notEqual(idOf(), before)
})

test('passwords are compared by code point after NFC, and none is cut off', async () => {
  const password = `Zo\u00eb runs 4 miles ${'\u{1F511}'.repeat(20)} caf\u00e9`
  await world.addAccount('zoe@example.com', { password })
  const page = await reachPassword('zoe@example.com')
  assert.ok(answerOf(await rp.browser.press(page, 'sign-in', { password: password.normalize('NFD') })).code)
  const cut = await reachPassword('zoe@example.com')
  const answer = await rp.browser.press(cut, 'sign-in', { password: password.slice(0, -1) })
  assert.match(answer.text, /That did not match/)
})
