import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com')
})
after(() => world.close())

/** Opens the account page and signs in on the way. */
async function signIn(browser: Browser, path = '/account'): Promise<Page> {
  const identifier = await browser.open(path)
  const password = await browser.press(identifier, 'continue', { identifier: 'ada@example.com' })
  return browser.press(password, 'sign-in', { password: PASSWORD })
}

test('whoever is not signed in signs in first and comes back to the page', async () => {
  const browser = new Browser(world.issuer)
  const page = await signIn(browser)
  assert.equal(page.url.pathname, '/account')
  assert.match(page.text, /ada@example\.com/)
  assert.equal((await browser.get('/account')).status, 200)
})

test('nobody is asked to consent to our own pages, and they get no tokens', async () => {
  const browser = new Browser(world.issuer)
  await signIn(browser)
  const [granted] = await world.events('authorization.granted')
  assert.equal(granted?.clientId, 'gatehouse-account')
  assert.equal((await world.events('token.issued')).length, 0)
})

test('a way back that another browser began leads to the front of the account and nowhere else', async () => {
  const browser = new Browser(world.issuer)
  await signIn(browser)
  for (const state of ['', 'made-up', '//evil.example']) {
    const page = await browser.get(`/account/return?state=${encodeURIComponent(state)}`)
    assert.equal(page.status, 303)
    assert.equal(page.location, '/account')
  }
})

test('a suspended account sees nothing any more', async () => {
  const account = await world.addAccount('bob@example.com')
  const browser = new Browser(world.issuer)
  const identifier = await browser.open('/account')
  const password = await browser.press(identifier, 'continue', { identifier: 'bob@example.com' })
  await browser.press(password, 'sign-in', { password: PASSWORD })
  assert.equal((await browser.get('/account')).status, 200)
  await world.accounts.suspend(account.id)
  const page = await browser.get('/account')
  assert.equal(page.status, 303)
  assert.match(page.location ?? '', /^\/auth\?/)
})

test('using account pages keeps the session alive, idling ends it', async (t) => {
  const browser = new Browser(world.issuer)
  await signIn(browser)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const minutes = (count: number) => t.mock.timers.tick(count * 60_000)
  for (let visit = 0; visit < 3; visit += 1) {
    minutes(50)
    assert.equal((await browser.get('/account')).status, 200)
  }
  minutes(61)
  assert.equal((await browser.get('/account')).status, 303)
})

test('a way to sign in that does not exist is not found', async () => {
  const browser = new Browser(world.issuer)
  await signIn(browser)
  for (const path of ['/account/security/nothing', '/account/security/__proto__', '/account/security/password']) {
    assert.equal((await browser.get(path)).status, 404)
  }
})
