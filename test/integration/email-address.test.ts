import assert from 'node:assert/strict'
import { after, before, beforeEach, mock, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())
beforeEach(async () => {
  mock.timers.reset()
  await world.connection.collection('rate_limits').deleteMany({})
})

/** Somebody with an account, signed in at their e-mail page. */
async function signIn(email: string) {
  const account = await world.addAccount(email)
  const browser = new Browser(world.issuer)
  const password = await browser.press(await browser.open('/account/email'), 'continue', { identifier: email })
  return { account, browser, page: await browser.press(password, 'sign-in', { password: PASSWORD }) }
}

const change = (browser: Browser, page: Page, email: string) => browser.press(page, 'change', { email })

async function readMail(to: string) {
  const [mail] = await world.mails(to)
  const text = mail?.text ?? ''
  const link = /^https?:\/\/\S+$/m.exec(text)?.[0]
  return {
    subject: mail?.subject ?? '',
    text,
    link: link ? new URL(link).pathname : '',
    code: /^(\d{6})$/m.exec(text)?.[1] ?? '',
  }
}
const current = async (id: string) => (await world.accounts.find(id))?.email

test('a new address is proved before the old one is replaced, and the old one is told', async () => {
  const { account, browser, page } = await signIn('old@example.com')
  const waiting = await change(browser, page, 'New@example.com')
  assert.equal(await current(account.id), 'old@example.com')
  const { code } = await readMail('New@example.com')
  const done = await browser.press(waiting, 'confirm', { code })
  assert.match(done.text, /New@example\.com · confirmed/)
  assert.equal((await world.accounts.findByIdentifier('new@example.com'))?.id, account.id)
  assert.equal(await world.accounts.findByIdentifier('old@example.com'), undefined)
  const told = await readMail('old@example.com')
  assert.match(told.text, /New address: New@example\.com/)
  assert.match(told.link, /^\/email-undo\/[\w-]{43}$/)
  const names = (await world.events()).filter(({ accountId }) => accountId === account.id).map(({ name }) => name)
  assert.ok(names.includes('account.email_changed'))
})

test('the link of the mail does as well, with one more button in the browser that asked', async () => {
  const { account, browser, page } = await signIn('linkold@example.com')
  await change(browser, page, 'linknew@example.com')
  const { link } = await readMail('linknew@example.com')
  const proved = await browser.press(await browser.open(link), 'confirm')
  assert.equal(await current(account.id), 'linkold@example.com', 'a page that is only looked at changes nothing')
  await browser.press(proved, 'finish')
  assert.equal(await current(account.id), 'linknew@example.com')
})

test('the old address brings itself back within a week: everybody is signed out, and the link is good once', async () => {
  const { account, browser, page } = await signIn('mine@example.com')
  const waiting = await change(browser, page, 'thief@example.com')
  await browser.press(waiting, 'confirm', { code: (await readMail('thief@example.com')).code })
  const { link } = await readMail('mine@example.com')
  const owner = new Browser(world.issuer)
  for (let reader = 0; reader < 5; reader += 1) await owner.open(link)
  const button = await owner.open(link)
  assert.equal(await current(account.id), 'thief@example.com')
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 6 * DAY })
  const back = await owner.press(button, 'undo')
  assert.equal(back.status, 200)
  const [, onward = ''] = /class="button primary" href="([^"]+)"/.exec(back.text) ?? []
  assert.equal((await owner.open(onward)).status, 200, 'the way to a new password is open')
  assert.equal(await current(account.id), 'mine@example.com')
  assert.equal((await browser.get('/account')).status, 303, 'whoever changed it is signed out')
  assert.equal((await owner.open(link)).status, 410)
})

test('after a week it is too late', async () => {
  const { account, browser, page } = await signIn('slow@example.com')
  const waiting = await change(browser, page, 'quick@example.com')
  await browser.press(waiting, 'confirm', { code: (await readMail('quick@example.com')).code })
  const { link } = await readMail('slow@example.com')
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 8 * DAY })
  assert.equal((await new Browser(world.issuer).open(link)).status, 410)
  assert.equal(await current(account.id), 'quick@example.com')
})

test('the first of several owners wins: the later ones can undo nothing any more', async () => {
  const account = await world.addAccount('first@example.com')
  const toSecond = await world.accounts.changeEmail(account.id, 'second@example.com')
  const toThird = await world.accounts.changeEmail(account.id, 'third@example.com')
  assert.equal((await world.accounts.undoEmailChange(toSecond.token)).email, 'first@example.com')
  await assert.rejects(world.accounts.undoEmailChange(toThird.token), { code: 'account.undo_gone' })
  assert.equal(await current(account.id), 'first@example.com')
})

test('of changes at the same moment each takes the place of another one, and can undo just that', async () => {
  const account = await world.addAccount('wish-0@example.com')
  const wanted = [1, 2, 3, 4, 5, 6].map((number) => `wish-${number}@example.com`)
  const undos = await Promise.all(wanted.map((to) => world.accounts.changeEmail(account.id, to)))
  const replaced = await Promise.all(undos.map(({ token }) => world.accounts.findUndo(token)))
  assert.deepEqual([...replaced, await current(account.id)].sort(), ['wish-0@example.com', ...wanted].sort())
})

test('an address that somebody else has by then is not taken from them', async () => {
  const account = await world.addAccount('moved@example.com')
  const { token } = await world.accounts.changeEmail(account.id, 'gone@example.com')
  await world.addAccount('moved@example.com')
  await assert.rejects(world.accounts.undoEmailChange(token), { code: 'account.exists' })
  assert.equal(await current(account.id), 'gone@example.com')
  assert.equal(await world.accounts.findUndo(token), 'moved@example.com')
})

test('an address that has an account: the page is the same, its owner is told, and no code helps', async () => {
  await world.addAccount('taken@example.com')
  const { account, browser, page } = await signIn('asks@example.com')
  const waiting = await change(browser, page, 'taken@example.com')
  assert.equal(waiting.status, 200)
  assert.match((await readMail('taken@example.com')).subject, /already/)
  for (const code of ['000000', '123456']) assert.equal((await browser.press(waiting, 'confirm', { code })).status, 422)
  assert.equal(await current(account.id), 'asks@example.com')
})

test('a code of one person is worth nothing for another', async () => {
  const [one, two] = [await signIn('one@example.com'), await signIn('two@example.com')]
  await change(one.browser, one.page, 'one-new@example.com')
  const waiting = await change(two.browser, two.page, 'two-new@example.com')
  const { code, link } = await readMail('one-new@example.com')
  if (code !== (await readMail('two-new@example.com')).code)
    assert.equal((await two.browser.press(waiting, 'confirm', { code })).status, 422)
  const elsewhere = await two.browser.press(await two.browser.open(link), 'confirm')
  assert.ok(elsewhere.text.includes(code))
  assert.equal(await current(two.account.id), 'two@example.com')
})

test('an address that was never proved is confirmed', async () => {
  const { account, browser, page } = await signIn('cli@example.com')
  assert.match(page.text, /not confirmed yet/)
  const waiting = await browser.press(page, 'verify')
  const done = await browser.press(waiting, 'confirm', { code: (await readMail('cli@example.com')).code })
  assert.match(done.text, /cli@example\.com · confirmed/)
  assert.equal((await world.accounts.find(account.id))?.isEmailVerified, true)
})

test('what cannot be used is said at its field', async () => {
  const { browser, page } = await signIn('field@example.com')
  for (const email of ['nonsense', 'Field@Example.com']) {
    const refused = await change(browser, page, email)
    assert.equal(refused.status, 422)
    assert.match(refused.text, /id="email-wrong"/)
  }
})

test('whoever signed in too long ago signs in again before anything is changed', async () => {
  const { account, browser, page } = await signIn('stale@example.com')
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 11 * MINUTE })
  const asked = await change(browser, page, 'stale-new@example.com')
  assert.match(asked.url.pathname, /^\/interaction\//)
  assert.deepEqual(await world.mails('stale-new@example.com'), [])
  assert.equal(await current(account.id), 'stale@example.com')
})

test('the mails are limited', async () => {
  const { browser, page } = await signIn('often@example.com')
  for (let count = 0; count < 3; count += 1) {
    await browser.press(await change(browser, page, 'bombed@example.com'), 'cancel')
  }
  const limited = await change(browser, page, 'bombed@example.com')
  assert.equal(limited.status, 429)
  assert.equal((await world.mails('bombed@example.com')).length, 3)
})

test('without the form token, or from another site, nothing is brought back', async () => {
  const account = await world.addAccount('safe@example.com')
  const { token } = await world.accounts.changeEmail(account.id, 'unsafe@example.com')
  const browser = new Browser(world.issuer)
  const page = await browser.open(`/email-undo/${token}`)
  const { csrf = '' } = page.forms[0]?.fields ?? {}
  assert.equal((await browser.post(`/email-undo/${token}`, { csrf: 'forged' })).status, 403)
  const origin = 'https://evil.example'
  assert.equal((await browser.post(`/email-undo/${token}`, { csrf }, { origin })).status, 403)
  assert.equal(await current(account.id), 'unsafe@example.com')
})
