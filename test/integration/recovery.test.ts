import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { runBeside } from '../support/command-line.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const CHOSEN = 'Another horse & 7 carts'
const MINUTE_MS = 60_000

let world: World
let rp: RelyingParty
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_SIGN_IN_LIMITS_MESSAGES_PER_ADDRESS: '1000' } })
  rp = await RelyingParty.create(world, { first_party: true })
})
after(() => world.close())

/** A fresh browser at the page that asks for the password of this identifier. */
async function reachPassword(identifier: string, browser = new Browser(world.issuer)): Promise<Page> {
  rp.browser = browser
  return browser.press(await browser.open((await rp.start()).url), 'continue', { identifier })
}

/** Presses what is behind "Forgot your password?". */
async function forget(identifier: string, browser = new Browser(world.issuer)): Promise<Page> {
  const page = await reachPassword(identifier, browser)
  const href = /href="([^"]*\/forgot)"/.exec(page.text)?.[1] ?? ''
  return browser.press(await browser.open(href), 'send')
}

/** The link and the code of the last mail for a new password to this address. */
async function lastMail(to: string) {
  const mail = (await world.mails(to)).find(({ subject }) => /new password/.test(subject))
  const link = /https?:\/\/\S+\/password\/reset\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? ''
  const code = /^\D*(\d{8})\D*$/m.exec(mail?.text.replaceAll(/\S*\/password\/reset\/\S*/g, '') ?? '')?.[1] ?? ''
  return { link, code }
}

const choose = (browser: Browser, page: Page, password = CHOSEN, fields: Record<string, string> = {}) =>
  browser.press(page, 'save', { password, ...fields })

async function canSignIn(identifier: string, password: string): Promise<boolean> {
  const page = await reachPassword(identifier)
  const answer = await rp.browser.press(page, 'sign-in', { password })
  return answer.location !== undefined && answerOf(answer).code !== undefined
}

test('by the link: the new password is good, the old one is not, and the way on leads to the application', async () => {
  await world.addAccount('link@example.com')
  const browser = new Browser(world.issuer)
  const sent = await forget('link@example.com', browser)
  assert.equal(sent.url.pathname, '/password/sent')
  const { link, code } = await lastMail('link@example.com')
  assert.match(code, /^\d{8}$/)
  const form = await browser.open(link)
  assert.equal(form.url.pathname, '/password/new')
  const done = await choose(browser, form)
  assert.equal(done.heading, 'Your new password is set')
  const [, onwards = ''] = /class="button primary" href="([^"]*)"/.exec(done.text) ?? []
  const page = await browser.open(onwards)
  assert.equal(page.heading, 'Enter your password')
  assert.doesNotMatch(page.text, /did not match/)
  assert.ok(answerOf(await browser.press(page, 'sign-in', { password: CHOSEN })).code)
  assert.equal(await canSignIn('link@example.com', PASSWORD), false)
})

test('by the code, in the browser that asked', async () => {
  await world.addAccount('code@example.com')
  const browser = new Browser(world.issuer)
  const sent = await forget('code@example.com', browser)
  const { code, link } = await lastMail('code@example.com')
  const form = await browser.press(sent, 'confirm', { code: `${code.slice(0, 4)} ${code.slice(4)}` })
  assert.equal(form.heading, 'Set a new password')
  // Proved once: the mailed link is no second way.
  assert.equal((await new Browser(world.issuer).open(link)).status, 410)
  assert.equal((await choose(browser, form)).heading, 'Your new password is set')
  assert.ok(await canSignIn('code@example.com', CHOSEN))
})

test('a code is good where it was asked for and nowhere else, and after five wrong ones not even there', async () => {
  await world.addAccount('tries@example.com')
  const browser = new Browser(world.issuer)
  const sent = await forget('tries@example.com', browser)
  const { code, link } = await lastMail('tries@example.com')
  const other = new Browser(world.issuer)
  const elsewhere = await forget('somebody.else@example.com', other)
  assert.match((await other.press(elsewhere, 'confirm', { code })).text, /not the code/)
  const wrong = code === '00000000' ? '11111111' : '00000000'
  const outcomes = []
  for (let tries = 0; tries < 5; tries += 1)
    outcomes.push((await browser.press(sent, 'confirm', { code: wrong })).status)
  assert.deepEqual(outcomes, [422, 422, 422, 422, 410])
  assert.equal((await browser.press(sent, 'confirm', { code })).status, 410)
  // The link is a proof of its own.
  assert.equal((await browser.open(link)).status, 200)
  const reasons = (await world.events('password_reset.refused')).map(({ detail }) => detail.reason)
  assert.ok(reasons.includes('wrong code'))
})

test('of twenty guesses at once five are looked at', async () => {
  await world.addAccount('guess@example.com')
  const browser = new Browser(world.issuer)
  const sent = await forget('guess@example.com', browser)
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, index) => browser.send(sent, 'confirm', { code: String(10_000_000 + index) })),
  )
  assert.equal(outcomes.filter(({ status }) => status === 422).length, 4)
  assert.equal(outcomes.filter(({ status }) => status === 410).length, 16)
})

test('programs that follow the link use nothing up', async () => {
  await world.addAccount('scanned@example.com')
  await forget('scanned@example.com')
  const { link } = await lastMail('scanned@example.com')
  for (let times = 0; times < 10; times += 1) {
    assert.equal((await new Browser(world.issuer).open(link)).status, 200)
    assert.equal((await new Browser(world.issuer).request(link, { method: 'HEAD' })).status, 303)
  }
  const browser = new Browser(world.issuer)
  assert.equal((await choose(browser, await browser.open(link))).heading, 'Your new password is set')
})

test('in another browser it works as well, and the way on starts the same request again', async () => {
  await world.addAccount('phone@example.com')
  await forget('phone@example.com')
  const phone = new Browser(world.issuer)
  const done = await choose(phone, await phone.open((await lastMail('phone@example.com')).link))
  const [, onwards = ''] = /class="button primary" href="([^"]*)"/.exec(done.text) ?? []
  const ended = await phone.open(onwards)
  const restart = /class="button primary" href="([^"]*)"/.exec(ended.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const asked = await phone.press(await phone.open(restart), 'continue', { identifier: 'phone@example.com' })
  assert.ok(answerOf(await phone.press(asked, 'sign-in', { password: CHOSEN })).code)
})

test('a link is good once: of ten who use it at the same moment one sets the password', async () => {
  await world.addAccount('race@example.com')
  await forget('race@example.com')
  const { link } = await lastMail('race@example.com')
  const pages = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const browser = new Browser(world.issuer)
      return { browser, page: await browser.open(link) }
    }),
  )
  const outcomes = await Promise.all(
    pages.map(({ browser, page }, index) => choose(browser, page, `${CHOSEN} ${index}`)),
  )
  assert.equal(outcomes.filter(({ status }) => status === 200).length, 1)
  assert.equal(outcomes.filter(({ status }) => status === 410).length, 9)
})

test('a newer mail kills the one before, wherever it was asked for', async () => {
  await world.addAccount('twice@example.com')
  const first = new Browser(world.issuer)
  const sent = await forget('twice@example.com', first)
  const earlier = await lastMail('twice@example.com')
  await first.press(sent, 'again')
  const newer = await lastMail('twice@example.com')
  assert.notEqual(newer.link, earlier.link)
  const gone = await first.open(earlier.link)
  assert.equal(gone.status, 410)
  assert.match(gone.text, /href="\/password\/forgot"/)
  assert.equal((await first.press(sent, 'confirm', { code: earlier.code })).status, 422)
  assert.equal((await first.open(newer.link)).status, 200)
})

test('after a quarter of an hour link and code are gone', async (t) => {
  await world.addAccount('late@example.com')
  const browser = new Browser(world.issuer)
  const sent = await forget('late@example.com', browser)
  const { link, code } = await lastMail('late@example.com')
  const form = await browser.open(link)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 15 * MINUTE_MS + 1000 })
  assert.equal((await choose(browser, form)).status, 410)
  assert.equal((await browser.open(link)).status, 410)
  assert.notEqual((await browser.press(sent, 'confirm', { code })).heading, 'Set a new password')
})

test('ASVS 6.3.8: an address that nobody has looks the same at every step, and is mailed nothing', async () => {
  await world.addAccount('known@example.com')
  const steps = async (identifier: string) => {
    const browser = new Browser(world.issuer)
    const sent = await forget(identifier, browser)
    const wrong = await browser.press(sent, 'confirm', { code: '12345678' })
    const neutral = ({ text, status }: Page) => [
      status,
      text.replaceAll(identifier, 'X').replace(/(nonce|value|src|content|href)="[^"]*"/g, ''),
    ]
    return [neutral(sent), neutral(wrong)]
  }
  const before = (await world.mails()).length
  assert.deepEqual(await steps('nobody.at.all@example.com'), await steps('known@example.com'))
  assert.equal((await world.mails()).length, before + 1)
  assert.deepEqual(await world.mails('nobody.at.all@example.com'), [])
})

test('a suspended account is mailed nothing, and a link from before is gone', async () => {
  const account = await world.addAccount('linus@example.com')
  await forget('linus@example.com')
  const { link } = await lastMail('linus@example.com')
  await world.accounts.suspend(account.id)
  assert.equal((await new Browser(world.issuer).open(link)).status, 410)
  await forget('linus@example.com')
  assert.equal((await lastMail('linus@example.com')).link, link)
})

test('R-40: whoever has something else and no password is given none by a mail', async () => {
  const account = await world.accounts.register({ email: 'key@example.com', via: 'cli' })
  await world.connection.collection('credentials').insertOne({
    _id: 'a-passkey' as never,
    accountId: account.id,
    method: 'passkey',
    secret: {},
    createdAt: new Date(),
    updatedAt: new Date(),
  })
  await forget('key@example.com')
  assert.deepEqual(await world.mails('key@example.com'), [])
})

test('more mails than one person needs are not sent, for whoever it is', async () => {
  await world.addAccount('often@example.com')
  for (const identifier of ['often@example.com', 'often.nobody@example.com']) {
    for (let times = 0; times < 3; times += 1) assert.equal((await forget(identifier)).url.pathname, '/password/sent')
    const limited = await forget(identifier)
    assert.equal(limited.status, 429, identifier)
    assert.match(limited.text, /Too many mails/)
    assert.ok(Number(limited.headers.get('retry-after')) > 0)
  }
  const asked = (await world.mails('often@example.com')).filter(({ subject }) => /new password/.test(subject))
  assert.equal(asked.length, 3)
  assert.equal((await world.events('password_reset.limited')).length, 2)
})

test('ASVS 7.4.3: sessions and tokens end, the owner is told, and the trail knows', async () => {
  const account = await world.addAccount('tokens@example.com')
  rp.browser = new Browser(world.issuer)
  const tokens = await rp.run('tokens@example.com')
  const signedIn = rp.browser
  const userinfo = () => fetch(`${world.issuer}/me`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
  assert.equal((await userinfo()).status, 200)

  await forget('tokens@example.com')
  const browser = new Browser(world.issuer)
  const done = await choose(browser, await browser.open((await lastMail('tokens@example.com')).link))
  assert.equal(done.heading, 'Your new password is set')
  assert.equal((await userinfo()).status, 401)
  const silent = await signedIn.open((await rp.start({ prompt: 'none' })).url)
  assert.equal(answerOf(silent).error, 'login_required')
  const subjects = (await world.mails('tokens@example.com')).map(({ subject }) => subject)
  assert.ok(
    subjects.some((subject) => /password was changed/.test(subject)),
    subjects.join(),
  )
  const events = (await world.events()).filter(({ accountId }) => accountId === account.id)
  const via = events.find(({ name, detail }) => name === 'password.set' && detail.via === 'reset')
  assert.ok(via)
  assert.ok(events.some(({ name }) => name === 'password_reset.requested'))
})

test('whoever says so stays signed in elsewhere', async () => {
  await world.addAccount('keep@example.com')
  rp.browser = new Browser(world.issuer)
  const tokens = await rp.run('keep@example.com')
  await forget('keep@example.com')
  const browser = new Browser(world.issuer)
  await choose(browser, await browser.open((await lastMail('keep@example.com')).link), CHOSEN, { keep: 'yes' })
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  assert.equal((await fetch(`${world.issuer}/me`, { headers })).status, 200)
})

test('R-35: the policy holds here too, and a refused password uses nothing up', async () => {
  await world.addAccount('policy@example.com')
  await forget('policy@example.com')
  const browser = new Browser(world.issuer)
  const form = await browser.open((await lastMail('policy@example.com')).link)
  const refused = await choose(browser, form, 'policy12345!')
  assert.equal(refused.status, 422)
  assert.match(refused.text, /capital letter/)
  assert.equal((await choose(browser, refused)).heading, 'Your new password is set')
})

test('whoever had to wait for wrong passwords can use the new one at once', async () => {
  await world.addAccount('wait@example.com')
  let page = await reachPassword('wait@example.com')
  for (let tries = 0; tries < 6; tries += 1)
    page = await rp.browser.send(page, 'sign-in', { password: 'x' }).then(() => page)
  await forget('wait@example.com')
  const browser = new Browser(world.issuer)
  await choose(browser, await browser.open((await lastMail('wait@example.com')).link))
  assert.ok(await canSignIn('wait@example.com', CHOSEN))
})

test('without an application one says who it is', async () => {
  await world.addAccount('direct@example.com')
  const browser = new Browser(world.issuer)
  const asked = await browser.open('/password/forgot')
  const odd = await browser.press(asked, 'send', { identifier: 'no address' })
  assert.equal(odd.status, 422)
  assert.match(odd.text, /Enter an e-mail address/)
  const sent = await browser.press(odd, 'send', { identifier: 'direct@example.com' })
  assert.equal(sent.url.pathname, '/password/sent')
  const { code } = await lastMail('direct@example.com')
  assert.equal((await browser.press(sent, 'confirm', { code })).heading, 'Set a new password')
})

test('a form without its token, from another site or without its cookie changes nothing', async () => {
  await world.addAccount('forged@example.com')
  const browser = new Browser(world.issuer)
  const sent = await forget('forged@example.com', browser)
  const { link, code } = await lastMail('forged@example.com')
  const form = await browser.open(link)
  const { csrf = '' } = form.forms[0]?.fields ?? {}
  const evil = { origin: 'https://evil.example' }
  assert.equal((await browser.post('/password/new', { csrf: 'forged', password: CHOSEN })).status, 403)
  assert.equal((await browser.post('/password/new', { csrf, password: CHOSEN }, evil)).status, 403)
  assert.equal((await new Browser(world.issuer).post('/password/new', { csrf, password: CHOSEN })).status, 403)
  assert.equal((await browser.post('/password/sent', { csrf: 'forged', code, action: 'confirm' })).status, 403)
  const cookieless = await new Browser(world.issuer).post(sent.url.href, { csrf, code, action: 'confirm' })
  assert.equal(cookieless.location, '/password/forgot')
  assert.equal(
    (await browser.post('/password/forgot', { csrf: 'forged', identifier: 'forged@example.com' })).status,
    403,
  )
  assert.ok(await canSignIn('forged@example.com', PASSWORD))
})

test('an unknown link is gone, whatever it looks like', async () => {
  for (const token of ['x', 'a'.repeat(43), '%00', '{"$gt":""}']) {
    const page = await new Browser(world.issuer).open(`/password/reset/${encodeURIComponent(token)}`)
    assert.equal(page.status, 410, token)
  }
})

test('nothing that proves the mailbox is readable in the database or the log', async () => {
  await world.addAccount('secret@example.com')
  const browser = new Browser(world.issuer)
  await forget('secret@example.com', browser)
  const { link, code } = await lastMail('secret@example.com')
  await browser.open(link)
  const token = link.split('/').at(-1) ?? ''
  const stored = JSON.stringify(await world.connection.collection('password_resets').find().toArray())
  for (const secret of [token, code, 'secret@example.com', ...browser.seen]) {
    assert.ok(!stored.includes(secret), secret)
    if (secret !== 'secret@example.com') assert.ok(!world.log.join('').includes(secret), secret)
  }
})

test('ASVS 6.4.6: who runs the service starts a reset, by a link that is printed or mailed, and chooses nothing', async () => {
  await world.addAccount('cli@example.com')
  const run = (...args: string[]) => runBeside(world, ['account', 'reset-password', ...args])
  const printed = await run('cli@example.com')
  assert.equal(printed.exitCode, 0, printed.err)
  const link = /https?:\S+/.exec(printed.out)?.[0] ?? ''
  assert.ok(await canSignIn('cli@example.com', PASSWORD))
  const mailed = await run('cli@example.com', '--mail')
  assert.equal(mailed.exitCode, 0, mailed.err)
  assert.doesNotMatch(mailed.out, /password\/reset/)
  assert.equal((await new Browser(world.issuer).open(link)).status, 410)
  const browser = new Browser(world.issuer)
  await choose(browser, await browser.open((await lastMail('cli@example.com')).link))
  assert.ok(await canSignIn('cli@example.com', CHOSEN))
  assert.equal((await run('nobody@example.com')).exitCode, 1)
})
