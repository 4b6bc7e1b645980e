import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { proveAddress, readMail } from '../support/mails.ts'
import { throughProxy } from '../support/proxy.ts'
import { answerOf, RelyingParty, type Started } from '../support/relying-party.ts'
import { addApp, codeOf } from '../support/two-factor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const ADA = 'ada@example.com'
const BOB = 'bob@example.com'
const EVE = 'eve@example.com'

let world: World
let key: string
const env = {
  GATEHOUSE_ACCOUNTS_REGISTRATION: 'open',
  GATEHOUSE_ASSURANCE_SECOND_FACTOR_ROLES: 'admin',
  GATEHOUSE_ACCOUNTS_REGISTRATION_MAILS_PER_ADDRESS: '100',
}
before(async () => {
  world = await createWorld({ env })
  await world.addAccount(ADA)
  await world.addAccount(BOB)
  await world.addAccount(EVE, { roles: ['admin'] })
  key = await addApp(new Browser(world.issuer), BOB)
})
after(() => world.close())

/** Somebody on the way to an application. */
interface Visit {
  readonly rp: RelyingParty
  readonly started: Started
  readonly browser: Browser
  readonly page: Page
}

async function start(metadata: Record<string, unknown> = { first_party: true }): Promise<Visit> {
  const rp = await RelyingParty.create(world, metadata)
  const started = await rp.start()
  return { rp, started, browser: rp.browser, page: await rp.browser.open(started.url) }
}

const onwards = async (visit: Promise<Visit>, go: (visit: Visit) => Promise<Page>): Promise<Visit> => {
  const at = await visit
  return { ...at, page: await go(at) }
}
const identified = (email: string, metadata?: Record<string, unknown>) =>
  onwards(start(metadata), ({ browser, page }) => browser.press(page, 'continue', { identifier: email }))
const proved = (email: string, metadata?: Record<string, unknown>) =>
  onwards(identified(email, metadata), ({ browser, page }) => browser.press(page, 'sign-in', { password: PASSWORD }))
const under =
  (name: string) =>
  ({ browser, page }: Visit) =>
    browser.open(`${page.url.pathname}/${name}`)

let people = 0
const newcomer = () => {
  people += 1
  return `new${people}@example.com`
}
const reachMailbox = () =>
  onwards(onwards(start(), under('register')), ({ browser, page }) =>
    browser.press(page, 'send', { identifier: newcomer() }),
  )
const reachChoice = () =>
  onwards(onwards(start(), under('register')), ({ browser, page }) => proveAddress(world, browser, page, newcomer()))

/** Every page that somebody can be on between an application and its answer, by its heading. */
const pages: Readonly<Record<string, () => Promise<Visit>>> = {
  'Sign in': () => start(),
  'Enter your password': () => identified(ADA),
  'How would you like to sign in?': () =>
    onwards(identified(ADA), ({ browser, page }) => browser.press(page, 'choose')),
  'Enter the code from your app': () => proved(BOB),
  'One more thing': () => proved(EVE),
  'Add an authenticator app': () =>
    onwards(proved(EVE), ({ browser, page }) => browser.press(page, 'enrol', { method: 'totp' })),
  'Forgot your password?': () => onwards(identified(ADA), under('forgot')),
  'Create an account': () => onwards(start(), under('register')),
  'Look into your mailbox': reachMailbox,
  'Choose how you sign in': reachChoice,
  'Reading Room would like to use your account': () => proved(ADA, {}),
}

const restartOf = (page: Page) => /class="button primary" href="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&')

/** The page is no dead end: one button makes the request that it all began with. */
async function canStartAgain(browser: Browser, page: Page, { started }: Visit): Promise<Page> {
  assert.equal(page.status, 410)
  assert.equal(page.heading, 'This sign-in has ended')
  assert.match(page.text, /Signing in to Reading Room/)
  const restart = restartOf(page) ?? assert.fail('there is a way to start again')
  const sorted = (address: string) => [...new URL(address, world.issuer).searchParams].sort()
  assert.deepEqual(sorted(restart), sorted(started.url))
  return browser.open(restart)
}

/** Looks at the page again, and sends its first form. */
async function lookAndSend(browser: Browser, { page }: Visit): Promise<Page[]> {
  const [form] = page.forms
  return [
    await browser.get(page.url.pathname),
    await browser.post(form?.action ?? '', { ...form?.fields, action: form?.actions[0] ?? '' }),
  ]
}

for (const [heading, reach] of Object.entries(pages)) {
  test(`expired interaction: "${heading}" starts the same request again`, async (t) => {
    const visit = await reach()
    assert.equal(visit.page.heading, heading)
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3601_000 })
    for (const late of await lookAndSend(visit.browser, visit)) await canStartAgain(visit.browser, late, visit)
  })

  test(`cookies lost: "${heading}" starts the same request again`, async () => {
    const visit = await reach()
    visit.browser.cookies.clear()
    for (const lost of await lookAndSend(visit.browser, visit)) {
      const again = await canStartAgain(visit.browser, lost, visit)
      assert.equal(again.heading, 'Sign in')
    }
  })

  test(`link opened elsewhere: "${heading}" starts the same request again, and gives nothing away`, async () => {
    const visit = await reach()
    const other = new Browser(world.issuer)
    for (const seen of await lookAndSend(other, visit)) {
      assert.doesNotMatch(seen.text, /@example\.com/)
      assert.equal((await canStartAgain(other, seen, visit)).heading, 'Sign in')
    }
    // Nothing has happened to the one whose sign-in it is.
    assert.equal((await visit.browser.open(visit.page.url.pathname)).heading, heading)
  })
}

test('what is started again elsewhere ends at the application, with what it asked for', async () => {
  const visit = await identified(ADA)
  const other = new Browser(world.issuer)
  const again = await canStartAgain(other, await other.get(visit.page.url.pathname), visit)
  const password = await other.press(again, 'continue', { identifier: ADA })
  const arrived = await other.press(password, 'sign-in', { password: PASSWORD })
  assert.equal(answerOf(arrived).state, visit.started.state)
  assert.ok((await visit.rp.redeem(arrived, visit.started)).id_token)
})

test('back button: every page of a sign-in that is done leads to the same application again', async () => {
  const first = await start()
  const { browser } = first
  const second = await browser.press(first.page, 'continue', { identifier: BOB })
  const third = await browser.press(second, 'sign-in', { password: PASSWORD })
  assert.ok(answerOf(await browser.press(third, 'sign-in', { code: await codeOf(key) })).code)
  for (const page of [first.page, second, third])
    for (const late of await lookAndSend(browser, { ...first, page }))
      assert.ok(answerOf(await canStartAgain(browser, late, first)).code, 'the session is there: nothing is asked')
})

test('back button: an earlier page of a sign-in under way goes on from there', async () => {
  const first = await start()
  const { browser } = first
  await browser.press(first.page, 'continue', { identifier: BOB })
  const again = await browser.press(first.page, 'continue', { identifier: ADA })
  assert.equal(again.heading, 'Enter your password')
  assert.match(again.text, /ada@example\.com/)
  assert.ok(answerOf(await browser.press(again, 'sign-in', { password: PASSWORD })).code)
})

test('double submit: a password that is sent three times at once signs in', async () => {
  const visit = await identified(ADA)
  const { browser, page } = visit
  const sent = await Promise.all([1, 2, 3].map(() => browser.send(page, 'sign-in', { password: PASSWORD })))
  assert.deepEqual(
    sent.map(({ status }) => status),
    [303, 303, 303],
  )
  const [first, ...others] = sent
  assert.ok(first && answerOf(await browser.follow(first)).code)
  for (const other of others) await canStartAgain(browser, await browser.follow(other), visit)
  await canStartAgain(browser, await browser.send(page, 'sign-in', { password: PASSWORD }), visit)
})

test('double submit: an app that is added twice at once is there once, and the sign-in goes on', async () => {
  const email = 'twice@example.com'
  await world.addAccount(email, { roles: ['admin'] })
  const { browser, page } = await onwards(proved(email), (visit) =>
    visit.browser.press(visit.page, 'enrol', { method: 'totp' }),
  )
  const code = await codeOf(/id="key"[^>]*>([^<]+)</.exec(page.text)?.[1] ?? '')
  const sent = await Promise.all([1, 2].map(() => browser.send(page, 'confirm', { code })))
  const ends = await Promise.all(sent.map((each) => browser.follow(each)))
  assert.ok(ends.some(({ location }) => location && answerOf({ ...ends[0], location } as Page).code))
  const account = await world.accounts.findByIdentifier(email)
  const kept = { accountId: account?.id, method: 'totp' }
  assert.equal(await world.connection.collection('credentials').countDocuments(kept), 1)
})

test('double submit: an account that is made twice at once is there once, and its owner signed in', async () => {
  const visit = await reachChoice()
  const { browser, page } = visit
  const sent = await Promise.all([1, 2].map(() => browser.send(page, 'create', { password: PASSWORD })))
  assert.ok(sent.every(({ status }) => status < 500))
  const codes = await Promise.all(sent.filter(({ status }) => status === 303).map((each) => browser.follow(each)))
  assert.ok(codes.some(({ location }) => location?.includes('code=')))
})

test('double submit: consent that is given twice at once is given', async () => {
  const visit = await proved(ADA, {})
  const { browser, page } = visit
  const sent = await Promise.all([1, 2].map(() => browser.send(page, 'allow')))
  const [first, second] = sent
  assert.ok(first && second && answerOf(await browser.follow(first)).code)
  await canStartAgain(browser, await browser.follow(second), visit)
})

test('two tabs: two requests side by side in one browser both arrive', async () => {
  const rp = await RelyingParty.create(world, { first_party: true })
  const [one, two] = [await rp.start(), await rp.start()]
  const [tabOne, tabTwo] = [await rp.browser.open(one.url), await rp.browser.open(two.url)]
  assert.equal(answerOf(await rp.signIn(tabOne, ADA)).state, one.state)
  assert.equal(answerOf(await rp.signIn(tabTwo, ADA)).state, two.state)
})

test('two tabs: a code for a sign-in that was started over in the other one leads to where that has come to', async () => {
  const { browser, page } = await proved(BOB)
  await browser.press(page, 'switch')
  const page2 = await browser.press(page, 'sign-in', { code: await codeOf(key) })
  assert.equal(page2.heading, 'Sign in')
  assert.equal(page2.status, 200)
  const [refused] = await world.events('request.refused')
  assert.equal(refused?.detail.reason, 'sign_in.out_of_turn')
})

test('stale tab: one sign-in in two tabs is done by the first, and the second starts the same again', async () => {
  const visit = await identified(ADA)
  const { browser, page } = visit
  const stale = await browser.open(page.url.pathname)
  assert.ok(answerOf(await browser.press(page, 'sign-in', { password: PASSWORD })).code)
  const late = await browser.send(stale, 'sign-in', { password: PASSWORD })
  assert.ok(answerOf(await canStartAgain(browser, late, visit)).code)
})

test('stale tab: a page of the sign-in sent while consent is asked for starts the same again, and consent can be given', async () => {
  const visit = await identified(ADA, {})
  const { browser, page } = visit
  const asked = await browser.press(page, 'sign-in', { password: PASSWORD })
  assert.equal(asked.heading, 'Reading Room would like to use your account')
  await canStartAgain(browser, await browser.send(page, 'sign-in', { password: PASSWORD }), visit)
  assert.ok(answerOf(await browser.press(asked, 'allow')).code)
})

test('restarted server: an attempt goes on in another process, which knows nothing but the database', async () => {
  const visit = await proved(BOB)
  const changes = { ...env, ISSUER: world.issuer }
  const other = await createWorld({ env: changes, beside: world })
  try {
    const moved = new Browser(world.issuer, throughProxy(other.config.server.port))
    for (const [name, cookie] of visit.browser.cookies) moved.cookies.set(name, cookie)
    const page = await moved.open(visit.page.url.pathname)
    assert.equal(page.heading, 'Enter the code from your app')
    // The form of before the restart.
    const arrived = await moved.press(visit.page, 'sign-in', { code: await codeOf(key, 1) })
    assert.equal(answerOf(arrived).state, visit.started.state)
    const late = await moved.get(visit.page.url.pathname)
    assert.equal((await moved.get(restartOf(late) ?? '')).status, 303)
  } finally {
    await other.close()
  }
})

test('restarted server: a registration goes on in another process', async () => {
  const visit = await reachChoice()
  const other = await createWorld({ env: { ...env, ISSUER: world.issuer }, beside: world })
  try {
    const moved = new Browser(world.issuer, throughProxy(other.config.server.port))
    for (const [name, cookie] of visit.browser.cookies) moved.cookies.set(name, cookie)
    assert.ok(answerOf(await moved.press(visit.page, 'create', { password: PASSWORD })).code)
  } finally {
    await other.close()
  }
})

test('link opened elsewhere: a password reset on another device leads on to the same application', async () => {
  const email = 'forgetful@example.com'
  await world.addAccount(email)
  const visit = await onwards(identified(email), under('forgot'))
  await visit.browser.press(visit.page, 'send')
  const { link } = await readMail(world, email)
  const phone = new Browser(world.issuer)
  const done = await phone.press(await phone.open(link), 'save', { password: 'Another horse 5 batteries' })
  const next = /class="button primary" href="([^"]*)"/.exec(done.text)?.[1] ?? assert.fail('it leads on')
  assert.equal((await canStartAgain(phone, await phone.get(next), visit)).heading, 'Sign in')
})

test('cookies lost: a form for a forgotten password starts with a clean page', async () => {
  const browser = new Browser(world.issuer)
  const asked = await browser.open('/password/forgot')
  browser.cookies.clear()
  assert.equal((await browser.press(asked, 'send', { identifier: ADA })).heading, 'Forgot your password?')
  const sent = await browser.press(await browser.open('/password/forgot'), 'send', { identifier: ADA })
  browser.cookies.clear()
  assert.equal((await browser.press(sent, 'again')).heading, 'Forgot your password?')
})
