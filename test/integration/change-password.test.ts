import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { addPasskey, answer, optionsOf } from '../support/passkeys.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const CHOSEN = 'Another horse & 7 carts'

let world: World
let rp: RelyingParty
before(async () => {
  world = await createWorld()
  rp = await RelyingParty.create(world, { first_party: true })
})
after(() => world.close())

/** Opens a page of the account and signs in on the way. */
async function reach(identifier: string, browser: Browser, path = '/account/password'): Promise<Page> {
  const asked = await browser.press(await browser.open(path), 'continue', { identifier })
  return browser.press(asked, 'sign-in', { password: PASSWORD })
}

/** Somebody who has a passkey and nothing else. */
async function addPasskeyOnly() {
  const account = await world.addAccount('passkey@example.com')
  const { authenticator } = await addPasskey(world.issuer, 'passkey@example.com')
  await world.connection.collection('credentials').deleteOne({ accountId: account.id, method: 'password' })
  return { authenticator, account }
}

const canSignIn = async (identifier: string, password: string) => {
  rp.browser = new Browser(world.issuer)
  const asked = await rp.browser.press(await rp.browser.open((await rp.start()).url), 'continue', { identifier })
  const answer = await rp.browser.press(asked, 'sign-in', { password })
  return answer.location !== undefined && answerOf(answer).code !== undefined
}

test('the well-known address leads to the page, which asks to sign in first', async () => {
  await world.addAccount('known@example.com')
  const browser = new Browser(world.issuer)
  const page = await reach('known@example.com', browser, '/.well-known/change-password')
  assert.equal(page.url.pathname, '/account/password')
  assert.equal(page.heading, 'Password')
})

test('ASVS 6.2.2, 7.4.3: the new password is good, other sessions and tokens end, this one goes on, the owner is told', async () => {
  const account = await world.addAccount('ada@example.com')
  rp.browser = new Browser(world.issuer)
  const elsewhere = await rp.run('ada@example.com')
  const phone = rp.browser
  const browser = new Browser(world.issuer)
  const form = await reach('ada@example.com', browser)
  rp.browser = browser
  const started = await rp.start()
  const here = await rp.redeem(await browser.open(started.url), started)

  const done = await browser.press(form, 'save', { current: PASSWORD, password: CHOSEN })
  assert.equal(done.heading, 'Your password is set')
  const userinfo = async (token: string) =>
    (await fetch(`${world.issuer}/me`, { headers: { authorization: `Bearer ${token}` } })).status
  assert.equal(await userinfo(elsewhere.access_token), 401)
  assert.equal(await userinfo(here.access_token), 200)
  assert.equal((await browser.get('/account')).status, 200)
  const silent = await phone.open((await rp.start({ prompt: 'none' })).url)
  assert.equal(answerOf(silent).error, 'login_required')
  assert.equal(await canSignIn('ada@example.com', PASSWORD), false)
  assert.ok(await canSignIn('ada@example.com', CHOSEN))
  const subjects = (await world.mails('ada@example.com')).map(({ subject }) => subject)
  assert.ok(subjects.some((subject) => /password was changed/.test(subject)))
  const set = (await world.events('password.set')).find(({ accountId }) => accountId === account.id)
  assert.equal(set?.detail.via, 'change')
  const ended = (await world.events('session.ended')).filter(({ accountId }) => accountId === account.id)
  assert.deepEqual(
    ended.map(({ detail }) => detail.reason),
    ['password change'],
  )
})

test('whoever says so stays signed in elsewhere', async () => {
  await world.addAccount('keep@example.com')
  rp.browser = new Browser(world.issuer)
  const tokens = await rp.run('keep@example.com')
  const browser = new Browser(world.issuer)
  await browser.press(await reach('keep@example.com', browser), 'save', {
    current: PASSWORD,
    password: CHOSEN,
    keep: 'yes',
  })
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  assert.equal((await fetch(`${world.issuer}/me`, { headers })).status, 200)
})

test('ASVS 6.2.3, 7.5.3: a sign-in of ten minutes ago is not enough to change it', async (t) => {
  await world.addAccount('open@example.com')
  const browser = new Browser(world.issuer)
  const form = await reach('open@example.com', browser)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 11 * 60_000 })
  const asked = await browser.press(form, 'save', { current: PASSWORD, password: CHOSEN })
  assert.equal(asked.heading, 'Enter your password')
  const back = await browser.press(asked, 'sign-in', { password: PASSWORD })
  assert.equal(back.url.pathname, '/account/password')
  assert.equal(
    (await browser.press(back, 'save', { current: PASSWORD, password: CHOSEN })).heading,
    'Your password is set',
  )
})

test('R-35: the policy holds here too', async () => {
  await world.addAccount('grace.hopper@example.com')
  const browser = new Browser(world.issuer)
  const refused = await browser.press(await reach('grace.hopper@example.com', browser), 'save', {
    current: PASSWORD,
    password: 'gracehopper',
    keep: 'yes',
  })
  assert.equal(refused.status, 422)
  assert.match(refused.text, /capital letter/)
  assert.match(refused.text, /name="keep" value="yes" checked/)
  assert.ok(!refused.text.includes('gracehopper'))
})

test('ASVS 6.2.3: without the present password nothing is changed, and a wrong one is told to the trail', async () => {
  const account = await world.addAccount('old@example.com')
  const browser = new Browser(world.issuer)
  const form = await reach('old@example.com', browser)
  for (const current of ['', 'not the present one']) {
    const refused = await browser.press(form, 'save', { current, password: CHOSEN })
    assert.equal(refused.status, 422)
    assert.match(refused.text, /This is not your present password/)
    assert.ok(!refused.text.includes('not the present one'))
  }
  assert.ok(await canSignIn('old@example.com', PASSWORD))
  const failed = (await world.events('sign_in.failed')).filter(({ accountId }) => accountId === account.id)
  assert.deepEqual(
    failed.map(({ detail }) => detail),
    [{ method: 'password', reason: 'mismatch' }],
  )
})

test('guesses at the present password are limited like those at sign-in, and with them', async () => {
  const other = await createWorld({ env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_IDENTIFIER: '3' } })
  try {
    await other.addAccount('guess@example.com')
    const browser = new Browser(other.issuer)
    const form = await reach('guess@example.com', browser)
    const guess = (current: string) => browser.press(form, 'save', { current, password: CHOSEN })
    for (const current of ['one', 'two', 'three']) assert.equal((await guess(current)).status, 422)
    const limited = await guess(PASSWORD)
    assert.equal(limited.status, 429)
    assert.match(limited.text, /Too many tries/)
    assert.ok(Number(limited.headers.get('retry-after')) > 0)
    assert.equal((await other.events('sign_in.limited'))[0]?.detail.by, 'identifier')
    const elsewhere = new Browser(other.issuer)
    assert.equal((await reach('guess@example.com', elsewhere)).heading, 'Too many tries')
  } finally {
    await other.close()
  }
})

test('whoever has no password sets one without an earlier one', async () => {
  const { authenticator, account } = await addPasskeyOnly()
  const browser = new Browser(world.issuer)
  const front = await browser.open('/account/password')
  const form = await answer(browser, front, { response: authenticator.get(optionsOf(front)) })
  assert.doesNotMatch(form.text, /name="current"/)
  assert.equal((await browser.press(form, 'save', { password: CHOSEN })).heading, 'Your password is set')
  assert.ok(await world.signIn.password.has(account.id))
})

test('a form without its token, or from another site, changes nothing', async () => {
  await world.addAccount('forged@example.com')
  const browser = new Browser(world.issuer)
  const form = await reach('forged@example.com', browser)
  const { csrf = '' } = form.forms.find(({ action }) => action === '/account/password')?.fields ?? {}
  const fields = { current: PASSWORD, password: CHOSEN, csrf }
  assert.equal((await browser.post('/account/password', { ...fields, csrf: 'forged' })).status, 403)
  assert.equal((await browser.post('/account/password', fields, { origin: 'https://evil.example' })).status, 403)
  assert.ok(await canSignIn('forged@example.com', PASSWORD))
})
