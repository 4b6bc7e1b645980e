import assert from 'node:assert/strict'
import { after, before, beforeEach, mock, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { runBeside } from '../support/command-line.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

const CHOSEN = 'A password of my own, 1st!'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())
beforeEach(async () => {
  const { connection } = world
  await Promise.all(['accounts', 'invitations'].map((name) => connection.collection(name).deleteMany({})))
})

const firstLink = async () => `/welcome/${await world.signIn.invitations.issueFirstAdministrator()}`

async function send(browser: Browser, page: Page, fields: Record<string, string>): Promise<Page> {
  const [form] = page.forms
  return browser.follow(await browser.post(form?.action ?? '', { ...form?.fields, ...fields }))
}

const ada = { identifier: 'ada@example.com', name: 'Ada', password: CHOSEN }

test('the one-time link makes the first administrator, who can sign in', async () => {
  const browser = new Browser(world.issuer)
  const done = await send(browser, await browser.open(await firstLink()), ada)
  assert.equal(done.url.pathname, '/welcome/done/first-administrator')
  const account = await world.accounts.findByIdentifier('ada@example.com')
  assert.deepEqual(account?.roles, ['admin'])
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  await rp.redeem(await rp.signIn(await rp.browser.open(started.url), 'ada@example.com', CHOSEN), started)
  const names = (await world.events()).filter(({ accountId }) => accountId === account?.id).map(({ name }) => name)
  for (const name of ['account.created', 'invitation.accepted', 'password.set'] as const) {
    assert.ok(names.includes(name), name)
  }
})

test('the owner is told by mail that a password was set', async () => {
  const browser = new Browser(world.issuer)
  await send(browser, await browser.open(await firstLink()), { ...ada, identifier: 'told@example.com' })
  const [mail] = await world.mails('told@example.com')
  assert.match(mail?.subject ?? '', /password was set/)
  assert.match((await browser.open('/workbench/inbox')).text, /told@example\.com/)
})

test('a link is good once', async () => {
  const link = await firstLink()
  const browser = new Browser(world.issuer)
  await send(browser, await browser.open(link), ada)
  const again = await new Browser(world.issuer).open(link)
  assert.equal(again.status, 410)
})

test('of ten who send the same link at once one gets an account', async () => {
  const link = await firstLink()
  const pages = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const browser = new Browser(world.issuer)
      return { browser, page: await browser.open(link) }
    }),
  )
  const outcomes = await Promise.all(
    pages.map(({ browser, page }, index) => send(browser, page, { ...ada, identifier: `ada${index}@example.com` })),
  )
  assert.equal(outcomes.filter(({ status }) => status === 200).length, 1)
  assert.equal(outcomes.filter(({ status }) => status === 410).length, 9)
  assert.equal(await world.connection.collection('accounts').countDocuments(), 1)
})

test('what cannot be used is said at its field, and the link stays good', async () => {
  const browser = new Browser(world.issuer)
  const page = await browser.open(await firstLink())
  const short = await send(browser, page, { ...ada, password: 'short' })
  assert.equal(short.status, 422)
  assert.match(short.text, /12 characters/)
  assert.match(short.text, /value="ada@example\.com"/)
  assert.doesNotMatch(short.text, /value="short"/)
  const odd = await send(browser, short, { ...ada, identifier: 'not an address' })
  assert.equal(odd.status, 422)
  assert.equal(await world.connection.collection('accounts').countDocuments(), 0)
  const done = await send(browser, odd, ada)
  assert.equal(done.status, 200)
})

test('the address with the secret is left at once and tells nobody', async () => {
  const browser = new Browser(world.issuer)
  const link = await firstLink()
  const first = await browser.get(link)
  assert.equal(first.status, 303)
  assert.equal(first.location, '/welcome')
  assert.equal(first.headers.get('referrer-policy'), 'no-referrer')
  const page = await browser.follow(first)
  assert.ok(!page.text.includes(link.split('/').at(-1) ?? ''))
})

test('a link ends after half an hour', async () => {
  const link = await firstLink()
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 31 * 60 * 1000 })
  const late = await new Browser(world.issuer).open(link)
  mock.timers.reset()
  assert.equal(late.status, 410)
})

test('a newer link replaces an earlier one', async () => {
  const [earlier, newer] = [await firstLink(), await firstLink()]
  assert.equal((await new Browser(world.issuer).open(earlier)).status, 410)
  assert.equal((await new Browser(world.issuer).open(newer)).status, 200)
})

test('once there is an administrator there is no first link, and an open one is gone', async () => {
  const link = await firstLink()
  const browser = new Browser(world.issuer)
  const page = await browser.open(link)
  await world.addAccount('root@example.com', { roles: ['admin'] })
  assert.equal((await send(browser, page, ada)).status, 410)
  assert.equal((await new Browser(world.issuer).open(link)).status, 410)
  assert.equal(await world.signIn.invitations.issueFirstAdministrator(), undefined)
  assert.equal(await world.accounts.findByIdentifier('ada@example.com'), undefined)
})

test('a link for an account sets its password and nothing else', async () => {
  const account = await world.accounts.register({ email: 'grace@example.com', roles: [], via: 'cli' })
  const link = `/welcome/${await world.signIn.invitations.issue('set-password', account)}`
  const browser = new Browser(world.issuer)
  const done = await send(browser, await browser.open(link), { ...ada, identifier: 'mallory@example.com' })
  assert.equal(done.url.pathname, '/welcome/done/set-password')
  assert.equal(await world.accounts.findByIdentifier('mallory@example.com'), undefined)
  assert.deepEqual((await world.accounts.findByIdentifier('grace@example.com'))?.roles, [])
})

test('a link for a suspended account is gone', async () => {
  const account = await world.addAccount('linus@example.com')
  const link = `/welcome/${await world.signIn.invitations.issue('set-password', account)}`
  await world.accounts.suspend(account.id)
  assert.equal((await new Browser(world.issuer).open(link)).status, 410)
})

test('without the form token, or from another site, nothing is set', async () => {
  const browser = new Browser(world.issuer)
  const page = await browser.open(await firstLink())
  const { csrf = '' } = page.forms[0]?.fields ?? {}
  assert.equal((await browser.post('/welcome', { ...ada, csrf: 'forged' })).status, 403)
  assert.equal((await browser.post('/welcome', { ...ada, csrf }, { origin: 'https://evil.example' })).status, 403)
  assert.equal(await world.connection.collection('accounts').countDocuments(), 0)
})

test('an unknown link is gone, whatever it looks like', async () => {
  for (const token of ['x', 'a'.repeat(43), '%00', "'or'1", '{"$gt":""}']) {
    const page = await new Browser(world.issuer).open(`/welcome/${encodeURIComponent(token)}`)
    assert.equal(page.status, 410, token)
  }
})

test('the link of an account that the command line makes is mailed where that is wanted, in its language', async () => {
  const email = 'mailed@example.com'
  const made = await runBeside(world, ['account', 'create', '--email', email, '--language', 'de', '--mail', '--json'])
  assert.equal(made.exitCode, 0, made.err)
  assert.equal(JSON.parse(made.out).mailed, true)
  assert.doesNotMatch(made.out, /welcome/)
  const linkOf = (text = '') => /^https?:\/\/\S+\/welcome\/[\w-]{43}$/m.exec(text)?.[0] ?? ''
  const [first] = await world.mails(email)
  assert.equal(first?.subject, 'Ihr Konto bei Gatehouse')
  assert.equal((await runBeside(world, ['account', 'link', email, '--mail'])).exitCode, 0)
  const [second] = await world.mails(email)
  assert.equal((await new Browser(world.issuer).open(linkOf(first?.text))).status, 410, 'a newer one was made')
  assert.equal((await new Browser(world.issuer).open(linkOf(second?.text))).heading, 'Set your password')
})
