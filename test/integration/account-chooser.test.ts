import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { openAccount } from '../support/two-factor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const ADA = 'ada@example.com'
const BOB = 'bob@example.com'
let world: World
let rp: RelyingParty
const ids = new Map<string, string>()
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000' } })
  for (const email of [ADA, BOB]) ids.set(email, (await world.addAccount(email)).id)
  rp = await RelyingParty.create(world, { first_party: true })
})
after(() => world.close())
beforeEach(() => {
  rp.browser = new Browser(world.issuer)
})

async function signOut(): Promise<void> {
  const [form] = (await rp.browser.open('/session/end')).forms
  await rp.browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
}

/** A browser in which Ada signed in and out, and Bob is signed in. */
async function openSharedBrowser(): Promise<void> {
  await openAccount(rp.browser, ADA)
  await signOut()
  await openAccount(rp.browser, BOB)
}

const openChooser = async (parameters: Record<string, string> = {}) => {
  const started = await rp.start({ prompt: 'select_account', ...parameters })
  return { started, page: await rp.browser.open(started.url) }
}
const formOf = (page: Page, email: string, action = 'choose') =>
  page.forms.find(({ fields, actions }) => fields.account === ids.get(email) && actions.includes(action))
const listed = (page: Page) =>
  page.forms.flatMap(({ fields, actions }) => (actions.includes('choose') ? [fields.account] : []))
async function act(page: Page, email: string, action = 'choose'): Promise<Page> {
  const form = formOf(page, email, action)
  assert.ok(form, `${email} can be ${action}n`)
  return rp.browser.follow(await rp.browser.post(form.action, { ...form.fields, action }))
}
const claimsOf = async (page: Page, started: Parameters<RelyingParty['redeem']>[1]) =>
  (await rp.redeem(page, started)).claims()

test('the page lists who is signed in and who was, by name and address', async () => {
  await openSharedBrowser()
  const { page } = await openChooser()
  assert.equal(page.heading, 'Choose an account')
  assert.deepEqual(listed(page), [ids.get(BOB), ids.get(ADA)])
  assert.match(page.text, /bob@example\.com[\s\S]*Signed in[\s\S]*ada@example\.com[\s\S]*Signed out/)
})

test('choosing who is signed in goes on with that session', async () => {
  await openSharedBrowser()
  const { page, started } = await openChooser()
  assert.equal((await claimsOf(await act(page, BOB), started))?.sub, ids.get(BOB))
})

test('choosing another asks for their proof, and ends the session and the tokens of the one before', async () => {
  await openAccount(rp.browser, ADA)
  await signOut()
  const bobs = await rp.run(BOB)
  const { page, started } = await openChooser()
  const password = await act(page, ADA)
  assert.match(password.text, /name="password"[\s\S]*/)
  assert.match(password.text, /ada@example\.com/)
  const done = await rp.browser.press(password, 'sign-in', { password: PASSWORD })
  assert.equal((await claimsOf(done, started))?.sub, ids.get(ADA))
  const userinfo = await fetch(`${world.issuer}/me`, { headers: { authorization: `Bearer ${bobs.access_token}` } })
  assert.equal(userinfo.status, 401)
  assert.equal(listed((await openChooser()).page)[0], ids.get(ADA))
})

test('choosing is no proof: without the password of the other the first stays signed in', async () => {
  await openSharedBrowser()
  const { page } = await openChooser()
  await rp.browser.press(await act(page, ADA), 'sign-in', { password: 'something else' })
  const still = await rp.start()
  assert.equal((await claimsOf(await rp.browser.open(still.url), still))?.sub, ids.get(BOB))
})

test('another account can be used, and one can go back to the list', async () => {
  await openSharedBrowser()
  await world.addAccount('cleo@example.com')
  const { page, started } = await openChooser()
  const identifier = await rp.browser.press(page, 'other')
  assert.match(identifier.text, /name="identifier"/)
  assert.match(identifier.text, /href="\/interaction\/[\w-]+\/accounts"/)
  const again = await rp.browser.open(`${identifier.url.pathname}/accounts`)
  assert.equal(again.heading, 'Choose an account')
  const done = await rp.signIn(await rp.browser.press(again, 'other'), 'cleo@example.com')
  assert.ok((await claimsOf(done, started))?.sub)
})

test('an account is removed from the browser; who is signed in is not, and a list of nobody is no page', async () => {
  await openSharedBrowser()
  const { page } = await openChooser()
  assert.equal(formOf(page, BOB, 'remove'), undefined)
  const less = await act(page, ADA, 'remove')
  assert.deepEqual(listed(less), [ids.get(BOB)])
  await signOut()
  const last = await act((await openChooser()).page, BOB, 'remove')
  assert.match(last.text, /name="identifier"/)
})

test('somebody without the cookie learns nothing, nor with one that was made up or changed', async () => {
  await openSharedBrowser()
  const named = (wanted: string) => [...rp.browser.cookies.values()].find(({ name }) => name === wanted)
  const [cookie, signature] = [named('gatehouse.accounts'), named('gatehouse.accounts.sig')]
  assert.ok(cookie && signature)
  assert.ok(![...ids.values()].some((id) => cookie.value.includes(id)))
  const openWith = async (value: string) => {
    rp.browser = new Browser(world.issuer)
    rp.browser.cookies.set('gatehouse.accounts;/', { ...cookie, value })
    rp.browser.cookies.set('gatehouse.accounts.sig;/', signature)
    return (await openChooser()).page
  }
  assert.deepEqual(listed(await openWith(cookie.value)), [ids.get(BOB), ids.get(ADA)])
  const changed = cookie.value.replace(/(?<=^.{30})./, (letter) => (letter === 'A' ? 'B' : 'A'))
  for (const value of ['', ids.get(ADA) ?? '', changed]) assert.match((await openWith(value)).text, /name="identifier"/)
})

test('one that is not in the list cannot be chosen', async () => {
  await openAccount(rp.browser, BOB)
  const { page } = await openChooser()
  const form = formOf(page, BOB)
  const answer = await rp.browser.post(form?.action ?? '', {
    ...form?.fields,
    account: ids.get(ADA) ?? '',
    action: 'choose',
  })
  const back = await rp.browser.follow(answer)
  assert.ok(!back.text.includes(ADA))
})

test('a failed sign-in is not remembered, and an unknown address neither', async () => {
  for (const identifier of [ADA, 'nobody@example.com']) {
    const page = await rp.browser.open((await rp.start()).url)
    const password = await rp.browser.press(page, 'continue', { identifier })
    await rp.browser.press(password, 'sign-in', { password: 'something else' })
  }
  assert.match((await openChooser()).page.text, /name="identifier"/)
})

test('a suspended account is not offered', async () => {
  const sue = await world.addAccount('sue@example.com')
  await openAccount(rp.browser, 'sue@example.com')
  await signOut()
  await openAccount(rp.browser, BOB)
  await world.accounts.suspend(sue.id)
  assert.deepEqual(listed((await openChooser()).page), [ids.get(BOB)])
})

test('an app that has somebody else in mind than who is signed in lets the person choose', async () => {
  await openSharedBrowser()
  const started = await rp.start({ login_hint: 'ADA@example.com' })
  const page = await rp.browser.open(started.url)
  assert.deepEqual(listed(page), [ids.get(ADA), ids.get(BOB)])
  const done = await act(page, BOB)
  assert.equal((await claimsOf(done, started))?.sub, ids.get(BOB))
  const same = await rp.browser.open((await rp.start({ login_hint: BOB })).url)
  assert.ok(answerOf(same).code)
  const silent = await rp.browser.open((await rp.start({ login_hint: ADA, prompt: 'none' })).url)
  assert.ok(answerOf(silent).code, 'a hint is no demand')
})

test('an ID token as a hint fills in whom it names, where they were before', async () => {
  const tokens = await rp.run(ADA)
  await signOut()
  const hint = { id_token_hint: tokens.id_token ?? '' }
  const page = await rp.browser.open((await rp.start(hint)).url)
  assert.match(page.text, /ada@example\.com/)
  await openAccount(rp.browser, BOB)
  assert.deepEqual(listed((await openChooser(hint)).page)[0], ids.get(ADA))
  rp.browser = new Browser(world.issuer)
  assert.ok(!(await rp.browser.open((await rp.start(hint)).url)).text.includes(ADA))
})

test('where nobody may be asked the app is told that an account has to be chosen', async () => {
  await openSharedBrowser()
  const { url } = await rp.start()
  assert.equal(answerOf(await rp.browser.open(`${url}&prompt=select_account%20none`)).error, 'invalid_request')
})

test('at most five are remembered, the last ones', async () => {
  const emails = Array.from({ length: 6 }, (_, index) => `many${index}@example.com`)
  for (const email of emails) {
    ids.set(email, (await world.addAccount(email)).id)
    await openAccount(rp.browser, email)
    await signOut()
  }
  assert.deepEqual(
    listed((await openChooser()).page),
    emails
      .slice(1)
      .reverse()
      .map((email) => ids.get(email)),
  )
})

test('the account pages lead to another account, and back', async () => {
  await openSharedBrowser()
  const page = await rp.browser.open('/account/switch')
  assert.equal(page.heading, 'Choose an account')
  const done = await rp.browser.press(await act(page, ADA), 'sign-in', { password: PASSWORD })
  assert.equal(done.url.pathname, '/account')
  assert.match(done.text, /ada@example\.com/)
})

test('a choice together with a fresh sign-in asks for both', async () => {
  await openAccount(rp.browser, BOB)
  const { page, started } = await openChooser({ prompt: 'select_account login' })
  const password = await act(page, BOB)
  assert.match(password.text, /name="password"/)
  const done = await rp.browser.press(password, 'sign-in', { password: PASSWORD })
  assert.equal((await claimsOf(done, started))?.sub, ids.get(BOB))
})
