import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Authenticator, type Twist } from '../support/authenticator.ts'
import { Browser, type Page } from '../support/browser.ts'
import { addPasskey, answer, optionsOf } from '../support/passkeys.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { addApp, codeOf, openAccount } from '../support/two-factor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const OFFER = 'Sign in faster next time'
/** What a browser does that makes a passkey by itself. */
const SILENT = { isPresent: false, isVerified: false, isSyncable: true, isBackedUp: true }

let world: World
let rp: RelyingParty
let email: string
let count = 0
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000' } })
  rp = await RelyingParty.create(world, { first_party: true })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `ada${count}@example.com`
  await world.addAccount(email)
})

/** Signs in by password in a new browser, which says whether it could make a passkey. */
async function signIn(passkeys = 'possible', parameters: Record<string, string> = {}) {
  const browser = new Browser(world.issuer)
  rp.browser = browser
  const started = await rp.start(parameters)
  const asked = await browser.press(await browser.open(started.url), 'continue', { identifier: email })
  const page = await browser.press(asked, 'sign-in', { password: PASSWORD, passkeys })
  return { browser, started, page, authenticator: new Authenticator(world.issuer) }
}

const take = (browser: Browser, page: Page, authenticator: Authenticator, twist: Twist = {}) =>
  answer(browser, page, { response: authenticator.create(optionsOf(page), twist) })

const credentialsOf = async () => {
  const account = await world.accounts.findByIdentifier(email)
  return world.connection
    .collection<{ _id: string; method: string }>('credentials')
    .find({ accountId: account?.id, method: 'passkey' })
    .toArray()
}

test('a browser that cannot make passkeys, or has no script, is not kept for an offer', async () => {
  assert.ok(answerOf((await signIn('')).page).code)
})

test('a passkey that the browser made by itself is kept, and the sign-in ends with what the password proved', async () => {
  const { browser, started, page, authenticator } = await signIn()
  assert.equal(page.heading, OFFER)
  const tokens = await rp.redeem(await take(browser, page, authenticator, SILENT), started)
  assert.deepEqual(tokens.claims()?.amr, ['pwd'])
  assert.equal((await credentialsOf()).length, 1)
  const [mail] = await world.mails(email)
  assert.match(mail?.subject ?? '', /A way to sign in was added/)
})

test('it signs in by itself, never as more than one factor, and is not asked for after the password', async () => {
  const { browser, page, authenticator } = await signIn()
  await take(browser, page, authenticator, SILENT)
  const { page: again } = await signIn()
  assert.ok(answerOf(again).code, 'no second step, and no second offer')

  rp.browser = new Browser(world.issuer)
  const started = await rp.start()
  const front = await rp.browser.open(started.url)
  const arrived = await answer(rp.browser, front, { response: authenticator.get(optionsOf(front)) })
  assert.deepEqual((await rp.redeem(arrived, started)).claims()?.amr, ['pop'])
  const page2 = await openAccount(browser, email, '/account/security/passkey')
  assert.match(page2.text, /it can be used instead of your password/)
})

test('used after the password, its verification counts from then on', async () => {
  const { browser, page, authenticator } = await signIn()
  await take(browser, page, authenticator, SILENT)
  const acr_values = 'urn:gatehouse:acr:two-factor'
  const { page: second } = await signIn('possible', { acr_values })
  await answer(rp.browser, second, { response: authenticator.get(optionsOf(second)) })
  rp.browser = new Browser(world.issuer)
  const started = await rp.start()
  const front = await rp.browser.open(started.url)
  const arrived = await answer(rp.browser, front, { response: authenticator.get(optionsOf(front)) })
  assert.deepEqual((await rp.redeem(arrived, started)).claims()?.amr, ['pop', 'user', 'mfa'])
})

test('nobody present is enough on the offer alone', async () => {
  const { page: offer } = await signIn()
  const made = new Authenticator(world.issuer).create(optionsOf(offer), SILENT)
  const browser = new Browser(world.issuer)
  const list = await openAccount(browser, email, '/account/security/passkey')
  const csrf = list.forms.find(({ actions }) => actions.includes('add'))?.fields.csrf ?? ''
  const confirm = (response: string) => browser.post('/account/security/passkey/confirm', { csrf, response })
  assert.equal((await confirm(made)).status, 200)
  assert.deepEqual(await credentialsOf(), [], 'what was made for the offer is good there alone')
  const options = optionsOf(await browser.press(list, 'add'))
  await confirm(new Authenticator(world.issuer).create(options, SILENT))
  assert.deepEqual(await credentialsOf(), [], 'whoever adds one on the account page is there')
})

test('"not now" goes on and is heard for a month, "never" for good', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const first = await signIn()
  assert.ok(answerOf(await first.browser.press(first.page, 'later')).code)
  assert.ok(answerOf((await signIn()).page).code)
  t.mock.timers.tick(31 * 24 * 60 * 60_000)
  const later = await signIn()
  assert.equal(later.page.heading, OFFER)
  assert.ok(answerOf(await later.browser.press(later.page, 'never')).code)
  assert.equal((await world.events('credential.offer_declined')).length, 1)
  t.mock.timers.tick(400 * 24 * 60 * 60_000)
  assert.ok(answerOf((await signIn()).page).code)
})

test('leaving the page by the address of the sign-in finishes it: the offer keeps nobody', async () => {
  const { browser, page } = await signIn()
  const done = await browser.open(page.url.pathname.replace('/shortcut', ''))
  assert.ok(answerOf(done).code)
})

test('a password that was proved more than five minutes ago makes no passkey, and the sign-in still ends well', async (t) => {
  const { browser, page, authenticator } = await signIn()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 6 * 60_000 })
  assert.ok(answerOf(await take(browser, page, authenticator, SILENT)).code)
  assert.deepEqual(await credentialsOf(), [])
})

test('an answer that is not right is said, and can be tried again or left', async () => {
  const { browser, page, authenticator } = await signIn()
  const wrong = await take(browser, page, authenticator, { origin: 'https://gatehouse.example' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /could not be used/)
  assert.ok(answerOf(await take(browser, wrong, authenticator)).code)
  assert.equal((await credentialsOf()).length, 1)
})

test('who has a passkey, or has not proved everything that they have, is offered none', async () => {
  await addPasskey(world.issuer, email)
  const { page } = await signIn()
  assert.notEqual(page.heading, OFFER)

  count += 1
  email = `ada${count}@example.com`
  await world.addAccount(email)
  const key = await addApp(new Browser(world.issuer), email)
  const { browser, page: second } = await signIn()
  assert.equal(second.heading, 'Enter the code from your app')
  const offered = await browser.press(second, 'sign-in', { code: await codeOf(key), passkeys: 'possible' })
  assert.equal(offered.heading, OFFER)
})
