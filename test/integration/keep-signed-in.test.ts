import assert from 'node:assert/strict'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import { Browser } from '../support/browser.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { addApp, codeOf } from '../support/two-factor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const HOUR = 3600_000
const DAY = 24 * HOUR
const ONE = 'urn:gatehouse:acr:one-factor'
const TWO = 'urn:gatehouse:acr:two-factor'

let world: World
let email: string
let count = 0
before(async () => {
  world = await createWorld({
    env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000' },
  })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `ada${count}@example.com`
  await world.addAccount(email)
})

const createApp = (metadata = {}, at = world) => RelyingParty.create(at, { first_party: true, ...metadata })
const isSignedIn = async (rp: RelyingParty) =>
  answerOf(await rp.browser.open((await rp.start({ prompt: 'none' })).url)).code !== undefined
const sessionLine = (browser: Browser) =>
  browser.cookieLines.filter((line) => line.startsWith('gatehouse.session=')).at(-1) ?? ''
const days = (expires: string) => (Date.parse(expires) - Date.now()) / DAY
const passTime = (t: TestContext, milliseconds: number) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(milliseconds)
}

/** Signs in by password, with the box ticked or not. */
async function signIn(rp: RelyingParty, keep: boolean, parameters: Record<string, string> = {}) {
  const started = await rp.start(parameters)
  const first = await rp.browser.open(started.url)
  const password = first.text.includes('name="identifier"')
    ? await rp.browser.press(first, 'continue', { identifier: email })
    : first
  const page = await rp.browser.press(password, 'sign-in', { password: PASSWORD, ...(keep ? { keep: 'yes' } : {}) })
  return { page, started, password }
}

test('without the box the cookie is gone with the browser, and the session after an hour', async (t) => {
  const rp = await createApp()
  await signIn(rp, false)
  assert.doesNotMatch(sessionLine(rp.browser), /expires=|max-age=/i)
  assert.ok(await isSignedIn(rp))
  passTime(t, HOUR + 60_000)
  assert.equal(await isSignedIn(rp), false)
})

test('with it the cookie stays, and the session lasts for two weeks without being used', async (t) => {
  const rp = await createApp()
  await signIn(rp, true)
  const [, expires = ''] = /expires=([^;]+)/i.exec(sessionLine(rp.browser)) ?? []
  assert.ok(days(expires) > 13.9 && days(expires) < 14.1, expires)
  passTime(t, 13 * DAY)
  assert.ok(await isSignedIn(rp))
  t.mock.timers.tick(14 * DAY + 60_000)
  assert.equal(await isSignedIn(rp), false)
})

test('however much it is used, it ends after thirty days, and a cookie that is kept longer is worth nothing', async (t) => {
  const rp = await createApp()
  await signIn(rp, true)
  passTime(t, 0)
  for (let week = 0; week < 4; week += 1) {
    t.mock.timers.tick(7 * DAY)
    assert.ok(await isSignedIn(rp))
  }
  t.mock.timers.tick(2 * DAY + 60_000)
  assert.equal(await isSignedIn(rp), false)
})

test('an ordinary session ends after a day, however much it is used', async (t) => {
  const rp = await createApp()
  await signIn(rp, false)
  passTime(t, 0)
  for (let step = 0; step < 31; step += 1) {
    t.mock.timers.tick(HOUR * 0.75)
    assert.ok(await isSignedIn(rp))
  }
  t.mock.timers.tick(HOUR * 0.8)
  assert.equal(await isSignedIn(rp), false)
})

test('account pages keep a kept session alive, and its cookie', async (t) => {
  const rp = await createApp()
  await signIn(rp, true)
  passTime(t, 10 * DAY)
  assert.equal((await rp.browser.get('/account')).status, 200)
  assert.ok(days(/expires=([^;]+)/i.exec(sessionLine(rp.browser))?.[1] ?? '') > 13)
  t.mock.timers.tick(10 * DAY)
  assert.equal((await rp.browser.get('/account')).status, 200)
})

test('two factors of a kept session wear off to one when an ordinary session would have ended', async (t) => {
  const key = await addApp(new Browser(world.issuer), email)
  const rp = await createApp()
  const strict = await createApp({ minimum_acr: TWO })
  strict.browser = rp.browser
  const { page, started } = await signIn(rp, true)
  const fresh = await rp.redeem(await rp.browser.press(page, 'sign-in', { code: await codeOf(key) }), started)
  assert.equal(fresh.claims()?.acr, TWO)
  assert.ok(await isSignedIn(strict))
  passTime(t, HOUR + 120_000)
  const later = await rp.start()
  const tokens = await rp.redeem(await rp.browser.open(later.url), later)
  assert.deepEqual([tokens.claims()?.acr, tokens.claims()?.amr], [ONE, ['pwd']])
  assert.equal(tokens.claims()?.auth_time, fresh.claims()?.auth_time)
  // Whoever wants more asks for the missing step only, and the session stays as it was.
  const asked = await strict.browser.open((await strict.start()).url)
  assert.match(asked.text, /name="code"/)
  assert.doesNotMatch(asked.text, /name="keep"/)
  assert.ok(answerOf(await strict.browser.press(asked, 'sign-in', { code: await codeOf(key) })).code)
  t.mock.timers.tick(10 * DAY)
  assert.ok(await isSignedIn(rp))
})

test('the next sign-in decides anew', async (t) => {
  const rp = await createApp()
  await signIn(rp, true)
  await signIn(rp, false, { prompt: 'login' })
  assert.doesNotMatch(sessionLine(rp.browser), /expires=|max-age=/i)
  await signIn(rp, true, { prompt: 'login' })
  assert.match(sessionLine(rp.browser), /expires=/i)
  await signIn(rp, false, { prompt: 'login' })
  passTime(t, HOUR + 60_000)
  assert.equal(await isSignedIn(rp), false)
})

test('where it is not offered there is no box, and ticking it does nothing', async () => {
  const other = await createWorld({ env: { GATEHOUSE_SESSIONS_KEEP_SIGNED_IN_IS_OFFERED: 'false' } })
  try {
    await other.addAccount(email)
    const rp = await createApp({}, other)
    const { password } = await signIn(rp, true)
    assert.doesNotMatch(password.text, /name="keep"/)
    assert.doesNotMatch(sessionLine(rp.browser), /expires=|max-age=/i)
  } finally {
    await other.close()
  }
})

test('signing out ends a kept session on the server', async () => {
  const rp = await createApp()
  await signIn(rp, true)
  const cookies = new Map(rp.browser.cookies)
  const [form] = (await rp.browser.open('/session/end')).forms
  await rp.browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
  for (const [name, cookie] of cookies) rp.browser.cookies.set(name, cookie)
  assert.equal(await isSignedIn(rp), false)
})
