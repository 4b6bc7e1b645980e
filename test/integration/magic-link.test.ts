import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { addApp, codeOf } from '../support/two-factor.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let email: string
let count = 0
before(async () => {
  world = await createWorld({
    env: {
      GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000',
      GATEHOUSE_SIGN_IN_LIMITS_MESSAGES_PER_ADDRESS: '1000',
    },
  })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `ada${count}@example.com`
  await world.addAccount(email)
})

/** Chooses the link, up to the page that says that it was sent. */
async function ask(browser: Browser, who: string, path = '/account'): Promise<Page> {
  const password = await browser.press(await browser.open(path), 'continue', { identifier: who })
  const ways = await browser.press(password, 'choose')
  const form = ways.forms.find(({ fields }) => fields.method === 'magic-link')
  return browser.follow(await browser.post(form?.action ?? '', { ...form?.fields, action: 'use' }))
}

async function linkFor(who: string): Promise<string> {
  const [mail] = await world.mails(who)
  return /http\S+\/confirm\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? ''
}

test('the link signs in the browser that asked', async () => {
  const browser = new Browser(world.issuer)
  await ask(browser, email)
  const button = await browser.open(await linkFor(email))
  const back = await browser.press(button, 'confirm')
  const done = await browser.press(back, 'return')
  assert.equal(done.url.pathname, '/account')
  assert.match(done.text, new RegExp(email))
})

test('programs that follow every link in a mail use nothing up', async () => {
  const browser = new Browser(world.issuer)
  await ask(browser, email)
  const link = await linkFor(email)
  for (let visit = 0; visit < 20; visit += 1) {
    const method = visit % 2 === 0 ? 'GET' : 'HEAD'
    assert.equal((await fetch(link, { method })).status, 200)
  }
  const back = await browser.press(await browser.open(link), 'confirm')
  assert.equal((await browser.press(back, 'return')).url.pathname, '/account')
})

test('in another browser the link shows a code to type where one started', async () => {
  const browser = new Browser(world.issuer)
  const sent = await ask(browser, email)
  const phone = new Browser(world.issuer)
  const shown = await phone.press(await phone.open(await linkFor(email)), 'confirm')
  const code = /shown-code">(\d{6})</.exec(shown.text)?.[1] ?? ''
  assert.equal((await phone.get('/account')).status, 303)
  assert.equal((await browser.press(sent, 'sign-in', { code })).url.pathname, '/account')
})

test('three wrong codes and the link is worth nothing', async () => {
  const browser = new Browser(world.issuer)
  let at = await ask(browser, email)
  const phone = new Browser(world.issuer)
  const shown = await phone.press(await phone.open(await linkFor(email)), 'confirm')
  const code = /shown-code">(\d{6})</.exec(shown.text)?.[1] ?? ''
  for (let tries = 0; tries < 3; tries += 1) {
    at = await browser.press(at, 'sign-in', { code: code === '000000' ? '111111' : '000000' })
  }
  const refused = await browser.press(at, 'sign-in', { code })
  assert.notEqual(refused.url.pathname, '/account')
})

test('without the link nobody goes on, whatever they post', async () => {
  const browser = new Browser(world.issuer)
  const sent = await ask(browser, email)
  const form = sent.forms.find(({ actions }) => actions.includes('sign-in'))
  const { csrf = '' } = form?.fields ?? {}
  for (const [name, value] of Object.entries({ proved: 'yes', code: '000000', other: '' })) {
    const answer = await browser.follow(await browser.post(form?.action ?? '', { csrf, [name]: value }))
    assert.notEqual(answer.url.pathname, '/account')
    assert.ok(answer.status < 500)
  }
})

test('a newer link makes the earlier one worthless', async () => {
  const browser = new Browser(world.issuer)
  const sent = await ask(browser, email)
  const first = await linkFor(email)
  await browser.press(sent, 'use')
  const second = await linkFor(email)
  assert.notEqual(first, second)
  assert.equal((await browser.open(first)).status, 410)
  const back = await browser.press(await browser.open(second), 'confirm')
  assert.equal((await browser.press(back, 'return')).url.pathname, '/account')
})

test('an address without an account gets the same page and no mail', async () => {
  const known = await ask(new Browser(world.issuer), email)
  const unknown = await ask(new Browser(world.issuer), 'nobody@example.com')
  const plain = (page: Page, who: string) =>
    page.text
      .replaceAll(who, 'WHO')
      .replace(/value="[\w-]{43}"/g, '')
      .replace(/nonce="[^"]+"/g, '')
      .replace(/interaction(\/|%2F)[\w-]+/g, '')
  assert.equal(unknown.status, known.status)
  assert.equal(plain(unknown, 'nobody@example.com'), plain(known, email))
  assert.equal((await world.mails('nobody@example.com')).length, 0)
})

test('three links an hour, then it has to wait', async () => {
  for (let links = 0; links < 3; links += 1) await ask(new Browser(world.issuer), email)
  const limited = await ask(new Browser(world.issuer), email)
  assert.equal(limited.status, 429)
  assert.equal((await world.mails(email)).filter(({ text }) => text.includes('/confirm/')).length, 3)
  assert.ok((await world.events('sign_in.limited')).some(({ detail }) => detail.by === 'sending'))
})

test('a link is a first factor only, and the second one is asked for', async () => {
  const key = await addApp(new Browser(world.issuer), email)
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  await ask(rp.browser, email, started.url)
  const back = await rp.browser.press(await rp.browser.open(await linkFor(email)), 'confirm')
  const second = await rp.browser.press(back, 'return')
  assert.match(second.text, /code from your app/)
  const consent = await rp.browser.press(second, 'sign-in', { code: await codeOf(key) })
  const tokens = await rp.redeem(await rp.consent(consent), started)
  assert.deepEqual([tokens.claims()?.amr].flat().sort(), ['mca', 'mfa', 'otp'])
})
