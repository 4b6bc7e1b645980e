import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Browser } from '../support/browser.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { addApp, codeOf, makeRecoveryCodes, openAccount, toSecondStep } from '../support/two-factor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
let email: string
let count = 0
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000' } })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `ada${count}@example.com`
  await world.addAccount(email)
})

test('an app is added with its picture and key, and asked for at the next sign-in', async () => {
  const browser = new Browser(world.issuer)
  const key = await addApp(browser, email)
  assert.match(key.replaceAll(' ', ''), /^[A-Z2-7]{32}$/)
  const { browser: next, page } = await toSecondStep(world, email)
  assert.match(page.text, /name="code"/)
  const done = await next.press(page, 'sign-in', { code: await codeOf(key) })
  assert.equal(done.url.pathname, '/account')
})

test('the ID token says truthfully what was proved', async () => {
  const key = await addApp(new Browser(world.issuer), email)
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const second = await rp.signIn(await rp.browser.open(started.url), email)
  const consent = await rp.browser.press(second, 'sign-in', { code: await codeOf(key) })
  const tokens = await rp.redeem(await rp.consent(consent), started)
  const claims = tokens.claims()
  assert.equal(claims?.acr, 'urn:gatehouse:acr:two-factor')
  assert.deepEqual([claims?.amr].flat().sort(), ['mfa', 'otp', 'pwd'])
})

test('no code is accepted twice, not even the one that confirmed the app', async () => {
  const browser = new Browser(world.issuer)
  const page = await openAccount(browser, email, '/account/security/totp')
  const adding = await browser.press(page, 'add')
  const key = /id="key"[^>]*>([^<]+)</.exec(adding.text)?.[1] ?? ''
  const code = await codeOf(key)
  await browser.press(adding, 'confirm', { code })
  const { browser: next, page: asked } = await toSecondStep(world, email)
  const refused = await next.press(asked, 'sign-in', { code })
  assert.match(refused.text, /not right, or was used already/)
  const [failed] = await world.events('sign_in.failed')
  assert.equal(failed?.detail.reason, 'replayed')
})

test('of four browsers that use one code at once one gets in', async () => {
  const key = await addApp(new Browser(world.issuer), email)
  const visits = await Promise.all(Array.from({ length: 4 }, () => toSecondStep(world, email)))
  const code = await codeOf(key)
  const answers = await Promise.all(visits.map(({ browser, page }) => browser.press(page, 'sign-in', { code })))
  assert.equal(answers.filter(({ url }) => url.pathname === '/account').length, 1)
})

test('five wrong codes end the sign-in: it starts over from the first step', async () => {
  await addApp(new Browser(world.issuer), email)
  const { browser, page } = await toSecondStep(world, email)
  let at = page
  for (let tries = 0; tries < 5; tries += 1) at = await browser.press(at, 'sign-in', { code: '000000' })
  assert.match(at.text, /name="password"/)
  assert.match(at.text, /Too many wrong tries/)
})

test('a right password does not give new tries at the second step', async () => {
  const key = await addApp(new Browser(world.issuer), email)
  for (let tries = 0; tries < 5; tries += 1) {
    const { browser, page } = await toSecondStep(world, email)
    await browser.press(page, 'sign-in', { code: '000000' })
  }
  const { browser, page } = await toSecondStep(world, email)
  const limited = await browser.press(page, 'sign-in', { code: await codeOf(key) })
  assert.equal(limited.status, 429)
})

test('a new password ends the sign-ins that the old one began', async () => {
  const key = await addApp(new Browser(world.issuer), email)
  const { browser, page } = await toSecondStep(world, email)
  const account = await world.accounts.findByIdentifier(email)
  assert.ok(account)
  const prepared = await world.signIn.password.prepare('Another long pass-phrase, 42', account)
  await world.signIn.password.set(account, prepared, { via: 'reset' })
  const asked = await browser.press(page, 'sign-in', { code: await codeOf(key) })
  assert.notEqual(asked.url.pathname, '/account')
  assert.match((await browser.open(page.url.href)).text, /name="password"/)
})

test('a wrong code while adding keeps the key, five end it, and nothing is added', async () => {
  const browser = new Browser(world.issuer)
  const page = await openAccount(browser, email, '/account/security/totp')
  let at = await browser.press(page, 'add')
  const key = /id="key"[^>]*>([^<]+)</.exec(at.text)?.[1]
  for (let tries = 0; tries < 4; tries += 1) {
    at = await browser.press(at, 'confirm', { code: '123' })
    assert.equal(at.status, 422)
    assert.equal(/id="key"[^>]*>([^<]+)</.exec(at.text)?.[1], key)
  }
  at = await browser.press(at, 'confirm', { code: '123' })
  assert.match(at.text, /This took too long/)
  const list = await browser.open('/account/security/totp')
  assert.match(list.text, /No authenticator app is set up yet/)
})

test('starting again replaces what was pending, and after ten minutes it has to be started again', async (t) => {
  const browser = new Browser(world.issuer)
  const page = await openAccount(browser, email, '/account/security/totp')
  const first = await browser.press(page, 'add')
  const key = /id="key"[^>]*>([^<]+)</.exec(first.text)?.[1] ?? ''
  const second = await browser.press(page, 'add')
  assert.notEqual(/id="key"[^>]*>([^<]+)</.exec(second.text)?.[1], key)
  assert.equal((await browser.press(first, 'confirm', { code: await codeOf(key) })).status, 422)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 11 * 60_000 })
  // By then the sign-in is too long ago as well.
  const asked = await browser.press(page, 'add')
  const again = await browser.press(asked, 'sign-in', { password: PASSWORD })
  assert.equal(again.url.pathname, '/account/security/totp')
  const code = await codeOf(/id="key"[^>]*>([^<]+)</.exec(second.text)?.[1] ?? '')
  assert.match((await browser.press(second, 'confirm', { code })).text, /This took too long/)
})

test('adding asks for a fresh sign-in', async (t) => {
  const browser = new Browser(world.issuer)
  const page = await openAccount(browser, email, '/account/security/totp')
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(11 * 60_000)
  const asked = await browser.press(page, 'add')
  assert.match(asked.text, /name="password"/)
})

test('an app can be renamed and removed, by its owner only', async () => {
  const browser = new Browser(world.issuer)
  await addApp(browser, email)
  const list = await browser.open('/account/security/totp')
  const renamed = await browser.press(list, 'rename', { name: 'Old phone' })
  assert.match(renamed.text, /Old phone/)
  const href = /href="([^"]+\/remove)"/.exec(renamed.text)?.[1] ?? ''
  const stranger = new Browser(world.issuer)
  await world.addAccount(`eve${count}@example.com`)
  await openAccount(stranger, `eve${count}@example.com`)
  assert.equal((await stranger.get(href)).status, 404)
  const gone = await browser.press(await browser.open(href), 'remove')
  assert.match(gone.text, /No authenticator app/)
  const names = (await world.events()).map(({ name }) => name)
  for (const name of ['credential.added', 'credential.renamed', 'credential.removed'])
    assert.ok(names.includes(name as never))
})

test('recovery codes are shown once, each lets in once, however it is typed', async () => {
  const browser = new Browser(world.issuer)
  await addApp(browser, email)
  const codes = await makeRecoveryCodes(browser)
  assert.equal(codes.length, 10)
  assert.equal(new Set(codes).size, 10)
  assert.doesNotMatch((await browser.open('/account/security/recovery-code')).text, new RegExp(codes[0] ?? '-'))
  const use = async (code: string) => {
    const { browser: next, page } = await toSecondStep(world, email)
    const ways = await next.press(page, 'choose')
    const form = ways.forms.find(({ fields }) => fields.method === 'recovery-code')
    const asked = await next.follow(await next.post(form?.action ?? '', { ...form?.fields, action: 'use' }))
    return next.press(asked, 'sign-in', { code })
  }
  assert.equal((await use(` ${codes[0]?.toLowerCase().replaceAll('-', ' ')} `)).url.pathname, '/account')
  assert.match((await use(codes[0] ?? '')).text, /used already/)
  assert.equal((await use(codes[7] ?? '')).url.pathname, '/account')
  assert.match((await browser.open('/account/security/recovery-code')).text, /8 codes left/)
})

test('new recovery codes make the old ones worthless', async () => {
  const browser = new Browser(world.issuer)
  await openAccount(browser, email)
  const [old] = await makeRecoveryCodes(browser)
  const [fresh] = await makeRecoveryCodes(browser)
  assert.notEqual(old, fresh)
  const dump = JSON.stringify(
    await world.connection.db?.collection('credentials').find({ method: 'recovery-code' }).toArray(),
  )
  assert.ok(!dump.includes(old ?? '-'))
})

test('recovery codes alone ask for nothing at sign-in', async () => {
  const browser = new Browser(world.issuer)
  await openAccount(browser, email)
  await makeRecoveryCodes(browser)
  const { page } = await toSecondStep(world, email)
  assert.equal(page.url.pathname, '/account')
})

test('where everybody needs a second factor, whoever has none adds one while signing in', async () => {
  const strict = await createWorld({ env: { GATEHOUSE_ASSURANCE_SECOND_FACTOR: 'always' } })
  try {
    await strict.addAccount('ada@example.com')
    const { browser, page } = await toSecondStep(strict, 'ada@example.com')
    const adding = await browser.press(page, 'enrol', { method: 'totp' })
    const key = /id="key"[^>]*>([^<]+)</.exec(adding.text)?.[1] ?? ''
    const wrong = await browser.press(adding, 'confirm', { code: '123456' })
    assert.match(wrong.text, /This code is not right/)
    const done = await browser.press(wrong, 'confirm', { code: await codeOf(key) })
    assert.equal(done.url.pathname, '/account')
  } finally {
    await strict.close()
  }
})

test('a client that wants more than the session proves gets it by one more step', async () => {
  const key = await addApp(new Browser(world.issuer), email)
  const rp = await RelyingParty.create(world, { minimum_acr: 'urn:gatehouse:acr:two-factor' })
  const { browser, page } = await toSecondStep(world, email)
  await browser.press(page, 'sign-in', { code: await codeOf(key) })
  rp.browser = browser
  const asked = await browser.open((await rp.start()).url)
  assert.match(asked.heading ?? '', /Reading Room/)
})
