import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { addApp, codeOf, makeRecoveryCodes, openAccount } from '../support/two-factor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const DAY = 86_400_000
const ONE = 'urn:gatehouse:acr:one-factor'
const TWO = 'urn:gatehouse:acr:two-factor'

let world: World
let email: string
let accountId: string
let key: string
let count = 0
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000' } })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `ada${count}@example.com`
  accountId = (await world.addAccount(email)).id
  key = await addApp(new Browser(world.issuer), email)
})

const createApp = (metadata: Record<string, unknown> = {}, browser = new Browser(world.issuer)) =>
  RelyingParty.create(world, { first_party: true, ...metadata }).then((rp) => Object.assign(rp, { browser }))
const asksForCode = ({ text }: Page) => /name="code"/.test(text)

async function signOut(browser: Browser): Promise<void> {
  const [form] = (await browser.open('/session/end')).forms
  await browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
}

/** A browser in which the account signed in with both steps and ticked the box, signed out again. */
async function openTrusted(steps = 0): Promise<Browser> {
  const browser = new Browser(world.issuer)
  browser.headers = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0' }
  const second = await openAccount(browser, email)
  assert.match(second.text, /name="trust"/)
  const done = await browser.press(second, 'sign-in', { code: await codeOf(key, steps), trust: 'yes' })
  assert.equal(done.url.pathname, '/account')
  await signOut(browser)
  return browser
}

async function stored() {
  return (await world.connection.db?.collection('trusted_devices').find({ accountId }).toArray()) ?? []
}

test('a browser that is trusted is not asked for the second step, and says truthfully what was proved', async () => {
  const rp = await createApp({}, await openTrusted())
  const started = await rp.start()
  const done = await rp.signIn(await rp.browser.open(started.url), email)
  const claims = (await rp.redeem(done, started)).claims()
  assert.deepEqual([claims?.acr, claims?.amr], [ONE, ['pwd']])
  const names = (await world.events()).filter((event) => event.accountId === accountId).map(({ name }) => name)
  assert.match((await world.mails(email))[0]?.subject ?? '', /^A browser is trusted/)
  for (const name of ['trusted_device.added', 'trusted_device.used']) assert.ok(names.includes(name as never), name)
})

test('without the box nothing is trusted, and another browser is asked as ever', async () => {
  const browser = new Browser(world.issuer)
  const second = await openAccount(browser, email)
  await browser.press(second, 'sign-in', { code: await codeOf(key) })
  assert.deepEqual(await stored(), [])
  await openTrusted(1)
  assert.ok(asksForCode(await openAccount(new Browser(world.issuer), email)))
})

test('the secret is kept as a hash, and is worth nothing for another account', async () => {
  const browser = await openTrusted()
  const cookie = [...browser.cookies.values()].find(({ name }) => name === 'gatehouse.device')
  assert.match(cookie?.value ?? '', /^[\w-]{43}$/)
  const line = browser.cookieLines.find((set) => set.startsWith('gatehouse.device=')) ?? ''
  assert.match(line, /; path=\/; expires=[^;]+; samesite=lax; httponly$/i)
  const [, expires = ''] = /expires=([^;]+)/.exec(line) ?? []
  assert.equal(Math.round((Date.parse(expires) - Date.now()) / DAY), 30)
  assert.ok(!JSON.stringify(await stored()).includes(cookie?.value ?? '-'))
  const bob = `bob${count}@example.com`
  await world.addAccount(bob)
  await addApp(new Browser(world.issuer), bob)
  assert.ok(asksForCode(await openAccount(browser, bob)))
})

test('a copy of the cookie from before is worth nothing once somebody else trusts the browser, whom it keeps trusting', async () => {
  const eve = `eve${count}@example.com`
  await world.addAccount(eve)
  const eveKey = await addApp(new Browser(world.issuer), eve)
  const browser = new Browser(world.issuer)
  const trustBy = async (who: string, code: string) => {
    const done = await browser.press(await openAccount(browser, who), 'sign-in', { code, trust: 'yes' })
    assert.equal(done.url.pathname, '/account', done.text)
    await signOut(browser)
  }
  await trustBy(eve, await codeOf(eveKey))
  const copy = new Browser(world.issuer)
  for (const [place, cookie] of browser.cookies) copy.cookies.set(place, { ...cookie })
  await trustBy(email, await codeOf(key))
  for (const who of [email, eve]) {
    assert.ok(asksForCode(await openAccount(copy, who)), who)
    assert.equal((await openAccount(browser, who)).url.pathname, '/account', who)
    await signOut(browser)
  }
})

test('a cookie that was made up or changed is worth nothing', async () => {
  const browser = await openTrusted()
  for (const [place, cookie] of [...browser.cookies])
    if (cookie.name === 'gatehouse.device') browser.cookies.set(place, { ...cookie, value: 'x'.repeat(43) })
  assert.ok(asksForCode(await openAccount(browser, email)))
})

test('trust ends after thirty days, whether or not it was swept', async (t) => {
  const browser = await openTrusted()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(29 * DAY)
  assert.equal((await openAccount(browser, email)).url.pathname, '/account')
  await signOut(browser)
  t.mock.timers.tick(DAY + 60_000)
  assert.ok(asksForCode(await openAccount(browser, email)))
})

test('an app that wants two factors gets two, by a wish as well as by its minimum', async () => {
  const browser = await openTrusted()
  const strict = await createApp({ minimum_acr: TWO }, browser)
  const first = await strict.browser.press(await strict.browser.open((await strict.start()).url), 'continue', {
    identifier: email,
  })
  const asked = await strict.browser.press(first, 'sign-in', { password: PASSWORD })
  assert.ok(asksForCode(asked))
  assert.doesNotMatch(asked.text, /name="trust"/, 'it would spare nothing here')
  const wishing = await createApp({}, browser)
  const page = await wishing.browser.open((await wishing.start({ acr_values: TWO })).url)
  const password = await wishing.browser.press(page, 'continue', { identifier: email })
  assert.ok(asksForCode(await wishing.browser.press(password, 'sign-in', { password: PASSWORD })))
})

test('a role, an organization and an API that want two factors get two', async () => {
  const browser = await openTrusted()
  const acme = await world.access.organizations.create({ name: 'Acme', needsSecondFactor: true })
  await world.access.organizations.addMember(acme.id, { accountId, roles: [] })
  assert.ok(asksForCode(await openAccount(browser, email)))
  await world.access.organizations.removeMember(acme.id, accountId)
  const identifier = `https://api${count}.example`
  await world.access.apis.create({ identifier, name: 'Vault', permissions: [], minimumAcr: TWO })
  const rp = await createApp({}, browser)
  const page = await rp.browser.open((await rp.start({ resource: identifier })).url)
  const password = await rp.browser.press(page, 'continue', { identifier: email })
  assert.ok(asksForCode(await rp.browser.press(password, 'sign-in', { password: PASSWORD })))
})

test('where the account is changed, trust does not stand in for the second factor (R-40)', async () => {
  const browser = await openTrusted()
  assert.equal((await openAccount(browser, email)).url.pathname, '/account')
  const asked = await browser.open('/account/password')
  assert.ok(asksForCode(asked))
  const form = await browser.press(asked, 'sign-in', { code: await codeOf(key, 1) })
  assert.equal(form.url.pathname, '/account/password')
})

test('an app cannot wish the second factor away from the account pages', async () => {
  const browser = await openTrusted()
  const rp = await createApp({}, browser)
  const started = await rp.start({ acr_values: ONE })
  await rp.signIn(await rp.browser.open(started.url), email)
  assert.ok(asksForCode(await browser.open('/account/password')))
})

test('wishing for two factors beside one is no second factor on the account pages', async () => {
  const browser = await openTrusted()
  const rp = await createApp({}, browser)
  const started = await rp.start({ acr_values: `${ONE} ${TWO}` })
  const claims = (await rp.redeem(await rp.signIn(await rp.browser.open(started.url), email), started)).claims()
  assert.deepEqual([claims?.acr, claims?.amr], [ONE, ['pwd']])
  assert.ok(asksForCode(await browser.open('/account/password')))
})

test('the owner sees where, since when and until when, and takes it back for one or for all', async () => {
  const one = await openTrusted()
  const other = { accountId, device: 'another browser' }
  await world.signIn.trustedDevices.trust(other, 'Safari, iPhone', {})
  const owner = new Browser(world.issuer)
  const second = await openAccount(owner, email, '/account/devices')
  const list = await owner.press(second, 'sign-in', { code: await codeOf(key, 1) })
  assert.match(list.text, /<h2>Safari, iPhone<\/h2>[\s\S]*<h2>Firefox, Windows<\/h2>/)
  const less = await owner.press(list, 'revoke')
  assert.equal(less.text.match(/<h2>/g)?.length, 1)
  // The one that was trusted last came first.
  assert.equal(await world.signIn.trustedDevices.isTrusted(other), false)
  const own = await openAccount(one, email, '/account/devices')
  assert.match(own.text, /Firefox, Windows<\/h2> <span[^>]*>This browser</)
  assert.doesNotMatch(less.text, /This browser/)
  await signOut(one)
  const none = await owner.press(less, 'revoke-all')
  assert.match(none.text, /No browser is trusted/)
  assert.ok(asksForCode(await openAccount(one, email)))
  const revoked = (await world.events('trusted_device.revoked')).filter((event) => event.accountId === accountId)
  assert.deepEqual(
    revoked.map(({ detail }) => detail.reason),
    ['owner', 'owner'],
  )
})

test('nobody takes back, or sees, what is trusted by another', async () => {
  await openTrusted()
  const [device] = await stored()
  const eve = `eve${count}@example.com`
  await world.addAccount(eve)
  const browser = new Browser(world.issuer)
  const page = await openAccount(browser, eve, '/account/devices')
  assert.match(page.text, /No browser is trusted/)
  const adding = await browser.open('/account/security/recovery-code')
  const { csrf = '' } = adding.forms.find(({ fields }) => 'csrf' in fields)?.fields ?? {}
  assert.equal((await browser.post(`/account/devices/${device?._id}/revoke`, { csrf })).status, 404)
  assert.equal((await stored()).length, 1)
})

for (const [what, change] of [
  [
    'a new password',
    async () => {
      const account = await world.accounts.find(accountId)
      assert.ok(account)
      await world.signIn.password.set(account, await world.signIn.password.prepare(PASSWORD, account), { via: 'reset' })
    },
  ],
  [
    'another factor',
    async () => {
      const browser = new Browser(world.issuer)
      const second = await openAccount(browser, email)
      await browser.press(second, 'sign-in', { code: await codeOf(key, 1) })
      await makeRecoveryCodes(browser)
    },
  ],
  [
    'a suspension',
    async () => {
      await world.accounts.suspend(accountId)
      await world.accounts.reactivate(accountId)
    },
  ],
] as const) {
  test(`${what} ends trust everywhere`, async () => {
    const browser = await openTrusted()
    await change()
    assert.deepEqual(await stored(), [])
    assert.ok(asksForCode(await openAccount(browser, email)))
  })
}

test('ticking the box without a second factor, or at the first step, trusts nothing', async () => {
  const plain = `plain${count}@example.com`
  const { id } = await world.addAccount(plain)
  const browser = new Browser(world.issuer)
  const identifier = await browser.open('/account')
  const password = await browser.press(identifier, 'continue', { identifier: plain })
  await browser.press(password, 'sign-in', { password: PASSWORD, trust: 'yes' })
  assert.equal(await world.connection.db?.collection('trusted_devices').countDocuments({ accountId: id }), 0)
})

test('two sign-ins at once in a trusted browser both get in', async () => {
  const browser = await openTrusted()
  const pages = await Promise.all(
    [1, 2].map(() =>
      openAccount(Object.assign(new Browser(world.issuer), { cookies: new Map(browser.cookies) }), email),
    ),
  )
  assert.deepEqual(
    pages.map(({ url }) => url.pathname),
    ['/account', '/account'],
  )
})

test('at most twenty browsers are trusted, the oldest makes room', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  for (let index = 0; index < 22; index += 1) {
    await world.signIn.trustedDevices.trust({ accountId, device: `device ${index}` }, '', {})
    // Of two of one millisecond neither is the older one.
    t.mock.timers.tick(1)
  }
  const isTrusted = (index: number) => world.signIn.trustedDevices.isTrusted({ accountId, device: `device ${index}` })
  assert.equal((await stored()).length, 20)
  assert.deepEqual(
    [await isTrusted(0), await isTrusted(1), await isTrusted(2), await isTrusted(21)],
    [false, false, true, true],
  )
})

test('where it is not offered there is no box and no page, and nothing is trusted any more', async () => {
  const browser = await openTrusted()
  const off = await createWorld({
    beside: world,
    env: { PORT: '0', ISSUER: world.issuer, GATEHOUSE_SESSIONS_TRUSTED_DEVICES_ARE_OFFERED: 'false' },
  })
  try {
    assert.equal(
      await off.signIn.trustedDevices.isTrusted({ accountId, device: String((await stored())[0]?._id) }),
      false,
    )
    assert.deepEqual(await off.signIn.trustedDevices.list(accountId), [])
  } finally {
    await off.close()
  }
  assert.equal((await openAccount(browser, email)).url.pathname, '/account')
})
