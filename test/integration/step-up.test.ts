import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { z } from 'zod'
import { Browser, type Page } from '../support/browser.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { addApp, codeOf, openAccount } from '../support/two-factor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const TWO = 'urn:gatehouse:acr:two-factor'

let world: World
let email: string
let accountId: string
let count = 0
/** What happens while the proof of the slow method is being looked at. */
let meanwhile: () => Promise<void> = async () => {}

const slow = {
  signIn: {
    name: 'recovery-code-slow',
    identifies: false,
    step: 'second',
    proves: { factors: ['possession'], amr: ['otp'] },
    available: async (account: unknown) => account !== undefined,
    parse: (body: unknown) => z.looseObject({}).parse(body),
    async verify({ account }: { account?: { id: string } | undefined }) {
      await meanwhile()
      return { isProved: true, accountId: account?.id ?? '', factors: ['possession'], amr: ['otp'] } as const
    },
  },
} as const

before(async () => {
  world = await createWorld({
    env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000', GATEHOUSE_ASSURANCE_SECOND_FACTOR: 'never' },
  })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `ada${count}@example.com`
  accountId = (await world.addAccount(email)).id
})

/** A browser signed in by password, at the second step that an app asks for; and the key of its authenticator app. */
async function atSecondStep() {
  const browser = new Browser(world.issuer)
  const key = await addApp(browser, email)
  const rp = await RelyingParty.create(world, { minimum_acr: TWO, first_party: true })
  rp.browser = browser
  const started = await rp.start()
  const page = await browser.open(started.url)
  assert.match(page.text, /name="code"/)
  return { browser, key, rp, page, started }
}

async function signOut(browser: Browser): Promise<void> {
  const { forms } = await browser.open('/session/end')
  const [form] = forms
  const done = await browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
  assert.equal(done.status, 303)
}
const asksAnew = (page: Page) => {
  assert.equal(page.status, 200)
  assert.match(page.text, /Your session has ended/)
  assert.match(page.text, /name="password"|name="identifier"/)
}

test('signed out in another tab between begin and submit: the code is worth nothing, and the page says why', async () => {
  const { browser, key, page, rp } = await atSecondStep()
  await signOut(browser)
  const again = await browser.press(page, 'sign-in', { code: await codeOf(key) })
  asksAnew(again)
  assert.equal(again.url.pathname, page.url.pathname)
  // The same sign-in goes on to the same app, with everything proved anew.
  const second = await rp.signIn(again, email)
  const done = await browser.press(second, 'sign-in', { code: await codeOf(key) })
  assert.ok(answerOf(done).code)
  const [lost] = await world.events('sign_in.session_lost')
  assert.equal(lost?.accountId, accountId)
})

test('ended between submit and finish: the result that is there already is worth nothing either', async () => {
  const { browser, key, page } = await atSecondStep()
  const sent = await browser.send(page, 'sign-in', { code: await codeOf(key) })
  assert.match(sent.location ?? '', /\/auth\//)
  await signOut(browser)
  asksAnew(await browser.follow(sent))
})

test('another session of the same browser does not stand in for the one that ended', async () => {
  const { browser, key, page } = await atSecondStep()
  await signOut(browser)
  await openAccount(browser, email)
  asksAnew(await browser.press(page, 'sign-in', { code: await codeOf(key) }))
  // Nor does that of another account.
  const other = await atSecondStep()
  await signOut(other.browser)
  await world.addAccount(`bob${count}@example.com`)
  await openAccount(other.browser, `bob${count}@example.com`)
  asksAnew(await other.browser.press(other.page, 'sign-in', { code: await codeOf(other.key) }))
})

test('a session that runs out is worth nothing at the next submit', async (t) => {
  const { browser, key, page } = await atSecondStep()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + (world.config.lifetimes.sessionSeconds - 1) * 1000 })
  t.mock.timers.tick(3000)
  const late = await browser.press(page, 'sign-in', { code: await codeOf(key) })
  // The sign-in itself may have expired by then as well: either way nobody is in.
  assert.ok(late.status === 410 || /Your session has ended/.test(late.text))
})

test('ended by another process: asked anew', async () => {
  const { browser, key, page } = await atSecondStep()
  const beside = await createWorld({ beside: world })
  try {
    await beside.accounts.suspend(accountId)
    await beside.accounts.reactivate(accountId)
    asksAnew(await browser.press(page, 'sign-in', { code: await codeOf(key) }))
  } finally {
    await beside.close()
  }
})

test('ended while the proof is being looked at: it does not finish', async () => {
  const strict = await createWorld({
    env: { GATEHOUSE_ASSURANCE_SECOND_FACTOR: 'never' },
    extraMethods: [slow as never],
  })
  try {
    await strict.addAccount(email)
    const browser = new Browser(strict.issuer)
    await addApp(browser, email)
    const rp = await RelyingParty.create(strict, { minimum_acr: TWO, first_party: true })
    const page = await browser.open((await rp.start()).url)
    const { csrf = '' } = page.forms[0]?.fields ?? {}
    meanwhile = async () => void (await signOut(browser))
    const sent = await browser.post(`${page.url.pathname}/recovery-code-slow`, { csrf })
    assert.equal(sent.location, page.url.pathname)
    asksAnew(await browser.follow(sent))
  } finally {
    await strict.close()
  }
})

test('signed out before consenting: the same request asks to sign in first', async () => {
  const rp = await RelyingParty.create(world)
  rp.browser = new Browser(world.issuer)
  const started = await rp.start()
  const identifier = await rp.browser.open(started.url)
  const password = await rp.browser.press(identifier, 'continue', { identifier: email })
  const consent = await rp.browser.press(password, 'sign-in', { password: PASSWORD })
  assert.match(consent.heading ?? '', /Reading Room/)
  await signOut(rp.browser)
  const again = await rp.browser.press(consent, 'allow')
  assert.match(again.text, /name="identifier"/)
  assert.ok(answerOf(await rp.signIn(again, email)).code)
})
