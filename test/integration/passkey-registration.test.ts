import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Authenticator, type Twist } from '../support/authenticator.ts'
import { Browser, type Page } from '../support/browser.ts'
import { proveAddress } from '../support/mails.ts'
import { answer, optionsOf } from '../support/passkeys.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
let count = 0
let email: string
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_ACCOUNTS_REGISTRATION: 'open' } })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `new${count}@example.com`
  await world.connection.collection('rate_limits').deleteMany({})
})

/** Somebody whose e-mail is proved, in front of the page that offers a password and a passkey. */
async function reachChoice(address = email) {
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const { browser } = rp
  const front = await browser.open(started.url)
  const asked = await browser.open(`${front.url.pathname}/register`)
  const page = await proveAddress(world, browser, asked, address)
  return { rp, started, browser, page, authenticator: new Authenticator(world.issuer) }
}

const take = (browser: Browser, page: Page, authenticator: Authenticator, twist: Twist = {}) =>
  answer(browser, page, { response: authenticator.create(optionsOf(page), twist), name: 'Nora' })

test('a passkey is chosen instead of a password, counts as two factors, and is all that the account has', async () => {
  const { rp, started, browser, page, authenticator } = await reachChoice()
  const { user, authenticatorSelection } = optionsOf(page)
  assert.equal(authenticatorSelection?.userVerification, 'required')
  assert.equal(user?.name, email)
  const arrived = await rp.consent(await take(browser, page, authenticator))
  const claims = (await rp.redeem(arrived, started)).claims()
  const account = await world.accounts.findByIdentifier(email)
  assert.equal(claims?.sub, account?.id)
  assert.deepEqual(claims?.amr, ['pop', 'user', 'mfa'])
  assert.equal(account?.name, 'Nora')
  const kept = await world.connection.collection('credentials').find({ accountId: account?.id }).toArray()
  assert.deepEqual(
    kept.map(({ method }) => method),
    ['passkey'],
  )
  const names = (await world.events()).filter(({ accountId }) => accountId === account?.id).map(({ name }) => name)
  for (const name of ['account.created', 'credential.added', 'sign_in.proved', 'sign_in.succeeded'] as const)
    assert.equal(names.filter((each) => each === name).length, 1, name)

  const elsewhere = new Browser(world.issuer)
  const front = await elsewhere.open('/account')
  const home = await answer(elsewhere, front, { response: authenticator.get(optionsOf(front)) })
  assert.equal(home.heading, 'Hello, Nora')
})

test('the form for a password works where there is no passkey to be had', async () => {
  const { rp, browser, page } = await reachChoice()
  const arrived = await rp.consent(await browser.press(page, 'create', { name: 'Nora', password: PASSWORD }))
  assert.match(arrived.location ?? '', /code=/)
})

const wrongAnswers: Readonly<Record<string, Twist>> = {
  'without verifying the person': { isVerified: false },
  'from another origin': { origin: 'https://gatehouse.example' },
  'to another challenge': { challenge: Buffer.alloc(32).toString('base64url') },
}
for (const [what, twist] of Object.entries(wrongAnswers))
  test(`a passkey made ${what} makes no account, and the page can be used again`, async () => {
    const { browser, page, authenticator } = await reachChoice()
    const refused = await take(browser, page, authenticator, twist)
    assert.equal(refused.status, 422)
    assert.match(refused.text, /The passkey could not be used/)
    assert.equal(await world.accounts.findByIdentifier(email), undefined)
    assert.notEqual(optionsOf(refused).challenge, optionsOf(page).challenge)
    await take(browser, refused, authenticator)
    assert.ok(await world.accounts.findByIdentifier(email))
  })

test('an answer counts once: of twenty sent at once, one makes the account', async () => {
  const { browser, page, authenticator } = await reachChoice()
  const form = page.forms.find(({ fields }) => 'response' in fields)
  const fields = { ...form?.fields, response: authenticator.create(optionsOf(page)) }
  await Promise.all(Array.from({ length: 20 }, () => browser.post(form?.action ?? '', fields)))
  const account = await world.accounts.findByIdentifier(email)
  assert.equal(await world.connection.collection('credentials').countDocuments({ accountId: account?.id }), 1)
  const created = (await world.events('account.created')).filter(({ accountId }) => accountId === account?.id)
  assert.equal(created.length, 1)
})

test('a passkey made for one registration is worth nothing in another', async () => {
  const mine = await reachChoice()
  const theirs = await reachChoice(`other${count}@example.com`)
  const response = mine.authenticator.create(optionsOf(mine.page))
  assert.equal((await answer(theirs.browser, theirs.page, { response })).status, 422)
  assert.equal(await world.accounts.findByIdentifier(`other${count}@example.com`), undefined)
})

test('before the e-mail is proved no passkey can be made', async () => {
  const rp = await RelyingParty.create(world)
  const front = await rp.browser.open((await rp.start()).url)
  const asked = await rp.browser.open(`${front.url.pathname}/register`)
  const [form] = asked.forms
  const options = { challenge: 'AAAA', rp: { id: 'localhost' }, user: { id: 'AAAA', name: email } }
  const response = new Authenticator(world.issuer).create(options)
  const refused = await rp.browser.post(form?.action ?? '', { ...form?.fields, action: 'passkey', response })
  assert.equal(refused.status, 410)
  assert.equal(await world.accounts.findByIdentifier(email), undefined)
})

test('a challenge that has expired is made anew, and the page stays', async (t) => {
  const { browser, page, authenticator } = await reachChoice()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 6 * 60_000 })
  const refused = await take(browser, page, authenticator)
  assert.equal(refused.status, 422)
  await take(browser, refused, authenticator)
  assert.ok(await world.accounts.findByIdentifier(email))
})
