import assert from 'node:assert/strict'
import { after, before, beforeEach, mock, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { readMail } from '../support/mails.ts'
import { otherThan } from '../support/phone.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const MINUTE = 60_000
const CHOOSE = 'Choose how you sign in'

let world: World
before(async () => {
  world = await createWorld({
    env: { GATEHOUSE_ACCOUNTS_REGISTRATION: 'open', GATEHOUSE_SERVER_TRUSTED_PROXIES: '127.0.0.0/8,::1' },
  })
})
after(() => world.close())
beforeEach(async () => {
  mock.timers.reset()
  await world.connection.collection('rate_limits').deleteMany({})
})

/** A person in front of the page that asks for an address. */
async function begin() {
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const { browser } = rp
  const front = await browser.open(started.url)
  const [, href = ''] = /href="(\/interaction\/[^"]+\/register)"/.exec(front.text) ?? []
  return { rp, started, browser, page: await browser.open(href) }
}

const send = (browser: Browser, page: Page, identifier: string) => browser.press(page, 'send', { identifier })

/** What the newest mail to this address holds, its link as a path of ours. */
async function openMail(to: string) {
  const { link, ...mail } = await readMail(world, to)
  return { ...mail, link: URL.parse(link)?.pathname ?? '' }
}

test('a new person types the mailed code, chooses a password and arrives at the application, signed in', async () => {
  const { rp, started, browser, page } = await begin()
  const sent = await send(browser, page, 'New@Example.com')
  assert.match(sent.heading ?? '', /mailbox/i)
  assert.equal(await world.accounts.findByIdentifier('new@example.com'), undefined, 'nothing is made yet')
  const { code } = await openMail('New@Example.com')
  const chosen = await browser.press(sent, 'confirm', { code: `${code.slice(0, 3)} ${code.slice(3)}` })
  const arrived = await rp.consent(await browser.press(chosen, 'create', { name: 'Nora', password: PASSWORD }))
  const tokens = await rp.redeem(arrived, started)
  const account = await world.accounts.findByIdentifier('new@example.com')
  assert.equal(tokens.claims()?.sub, account?.id)
  const { name, isEmailVerified, locale, roles } = account ?? assert.fail('no account')
  assert.deepEqual(
    { name, isEmailVerified, locale, roles },
    { name: 'Nora', isEmailVerified: true, locale: 'en', roles: ['user'] },
  )
  const names = (await world.events()).filter(({ accountId }) => accountId === account?.id).map(({ name }) => name)
  for (const name of ['account.created', 'password.set', 'sign_in.succeeded'] as const)
    assert.ok(names.includes(name), name)
})

test('in the browser that asked, the link does as well; reading it often changes nothing', async () => {
  const { browser, page } = await begin()
  await send(browser, page, 'link@example.com')
  const { link } = await openMail('link@example.com')
  for (let reader = 0; reader < 20; reader += 1) {
    const method = reader % 2 ? 'HEAD' : 'GET'
    assert.equal((await fetch(`${world.issuer}${link}`, { method })).status, 200)
  }
  const button = await browser.open(link)
  const chosen = await browser.press(button, 'confirm')
  assert.equal(chosen.heading, CHOOSE)
  assert.equal((await browser.open(link)).status, 410, 'it is used')
  assert.equal((await browser.press(button, 'confirm')).status, 410)
})

test('of twenty who press at once one proves the mailbox', async () => {
  const { browser, page } = await begin()
  await send(browser, page, 'twenty@example.com')
  const { link } = await openMail('twenty@example.com')
  const button = await browser.open(link)
  const answers = await Promise.all(Array.from({ length: 20 }, () => browser.send(button, 'confirm')))
  assert.equal(answers.filter(({ status }) => status === 303).length, 1)
  assert.equal(answers.filter(({ status }) => status === 410).length, 19)
})

test('in another browser the link shows the code to type, and proves nothing by itself', async () => {
  const { browser, page } = await begin()
  const sent = await send(browser, page, 'phone@example.com')
  const { link, code } = await openMail('phone@example.com')
  const phone = new Browser(world.issuer)
  const shown = await phone.press(await phone.open(link), 'confirm')
  assert.ok(shown.text.includes(code))
  assert.match((await browser.open(sent.url.pathname)).heading ?? '', /mailbox/i, 'still not proved')
  assert.equal((await browser.press(sent, 'confirm', { code })).heading, CHOOSE)
})

test('an address that has an account: the page is the same, the mail says so, and no code helps', async () => {
  await world.addAccount('owner@example.com')
  const { browser, page } = await begin()
  const taken = await send(browser, page, 'owner@example.com')
  const other = await begin()
  const free = await send(other.browser, other.page, 'fresh@example.com')
  const neutral = ({ text, url }: Page) =>
    text
      .replaceAll(/(owner|fresh)@example\.com/g, '')
      .replaceAll(url.pathname.split('/')[2] ?? '', '')
      .replaceAll(/(nonce|value|href)="[^"]*"/g, '')
  assert.equal(taken.status, free.status)
  assert.equal(neutral(taken), neutral(free))
  const { subject, code, link } = await openMail('owner@example.com')
  assert.match(subject, /already/)
  assert.deepEqual([code, link], ['', '/account'])
  for (const guess of ['000000', '123456']) {
    assert.equal((await browser.press(taken, 'confirm', { code: guess })).status, 422)
  }
})

test('five wrong codes and it is over; another mail begins again and ends the earlier one', async () => {
  const { browser, page } = await begin()
  const sent = await send(browser, page, 'guess@example.com')
  const { code } = await openMail('guess@example.com')
  const wrong = otherThan(code)
  for (let tries = 1; tries < 5; tries += 1) {
    assert.equal((await browser.press(sent, 'confirm', { code: wrong })).status, 422, `${tries}`)
  }
  assert.equal((await browser.press(sent, 'confirm', { code: wrong })).status, 410)
  assert.equal((await browser.press(sent, 'confirm', { code })).status, 410)
  const again = await browser.press(sent, 'again')
  const earlier = code
  const newer = (await openMail('guess@example.com')).code
  if (earlier !== newer) assert.equal((await browser.press(again, 'confirm', { code: earlier })).status, 422)
  assert.equal((await browser.press(again, 'confirm', { code: newer })).heading, CHOOSE)
})

test('twenty guesses at once get no more than five looks', async () => {
  const { browser, page } = await begin()
  const sent = await send(browser, page, 'parallel@example.com')
  const { code } = await openMail('parallel@example.com')
  const wrong = otherThan(code)
  await Promise.all(Array.from({ length: 20 }, () => browser.send(sent, 'confirm', { code: wrong })))
  assert.equal((await browser.press(sent, 'confirm', { code })).status, 410)
})

test('a code ends after a quarter of an hour', async () => {
  const { browser, page } = await begin()
  const sent = await send(browser, page, 'late@example.com')
  const { code, link } = await openMail('late@example.com')
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 16 * MINUTE })
  assert.equal((await browser.press(sent, 'confirm', { code })).status, 410)
  assert.equal((await browser.open(link)).status, 410)
})

test('what is half done signs nobody in and blocks nobody', async () => {
  const stranger = await begin()
  const waiting = await send(stranger.browser, stranger.page, 'mine@example.com')
  assert.equal((await stranger.browser.press(waiting, 'confirm', { code: 'abcdef' })).status, 422)
  const front = await stranger.browser.open(waiting.url.pathname.replace('/register', ''))
  const asked = await stranger.browser.press(front, 'continue', { identifier: 'mine@example.com' })
  assert.equal((await stranger.browser.press(asked, 'sign-in', { password: PASSWORD })).location, undefined)

  const owner = await begin()
  const sent = await send(owner.browser, owner.page, 'mine@example.com')
  const { code } = await openMail('mine@example.com')
  assert.equal((await stranger.browser.press(waiting, 'confirm', { code })).status, 422, 'a code of another attempt')
  const chosen = await owner.browser.press(sent, 'confirm', { code })
  const arrived = await owner.rp.consent(await owner.browser.press(chosen, 'create', { password: PASSWORD }))
  assert.ok(answerOf(arrived).code)
})

test('two who proved the same mailbox at the same time make one account', async () => {
  const people = await Promise.all([begin(), begin()])
  const ready: Page[] = []
  for (const { browser, page } of people) {
    const sent = await send(browser, page, 'both@example.com')
    ready.push(await browser.press(sent, 'confirm', { code: (await openMail('both@example.com')).code }))
  }
  const ends = await Promise.all(
    people.map(({ browser }, index) => browser.send(ready[index] as Page, 'create', { password: PASSWORD })),
  )
  assert.deepEqual(ends.map(({ status }) => status).sort(), [303, 409])
})

test('without the proof no account is made, whatever is posted', async () => {
  const { browser, page } = await begin()
  const sent = await send(browser, page, 'forged@example.com')
  const { csrf = '' } = sent.forms[0]?.fields ?? {}
  const forged = {
    csrf,
    action: 'create',
    password: PASSWORD,
    identifier: 'forged@example.com',
    email: 'x@example.com',
  }
  assert.equal((await browser.post(sent.url.href, forged)).status, 410)
  assert.equal((await browser.post(sent.url.href, { ...forged, csrf: 'none' })).status, 403)
  assert.equal(await world.accounts.findByIdentifier('forged@example.com'), undefined)
})

test('a password that cannot be used is said at its field, and the proof stays good', async () => {
  const { rp, browser, page } = await begin()
  const sent = await send(browser, page, 'short@example.com')
  const chosen = await browser.press(sent, 'confirm', { code: (await openMail('short@example.com')).code })
  const short = await browser.press(chosen, 'create', { name: 'Sam', password: 'short' })
  assert.equal(short.status, 422)
  assert.match(short.text, /value="Sam"/)
  assert.doesNotMatch(short.text, /value="short"/)
  assert.ok(answerOf(await rp.consent(await browser.press(short, 'create', { password: PASSWORD }))).code)
})

test('mails are limited by who asks and for whom, and the owner of the address, elsewhere, need not wait', async () => {
  const { browser, page } = await begin()
  let at = await send(browser, page, 'often@example.com')
  for (let count = 0; count < 2; count += 1) at = await browser.press(at, 'again')
  const before = (await world.mails('often@example.com')).length
  const limited = await browser.press(at, 'again')
  assert.equal(limited.status, 429)
  assert.ok(Number(limited.headers.get('retry-after')) > 0)
  assert.equal((await world.mails('often@example.com')).length, before)
  assert.equal((await world.events('registration.refused'))[0]?.detail.reason, 'limit')

  const elsewhere = await begin()
  const { csrf = '' } = elsewhere.page.forms[0]?.fields ?? {}
  const fields = { csrf, action: 'send', identifier: 'often@example.com' }
  const owner = await elsewhere.browser.post(elsewhere.page.url.href, fields, { 'x-forwarded-for': '198.51.100.7' })
  assert.equal(owner.status, 303)
})

test('what is no address is said at once', async () => {
  const { browser, page } = await begin()
  const odd = await send(browser, page, 'not an address')
  assert.equal(odd.status, 422)
  assert.match(odd.text, /value="not an address"/)
})

test('neither a stolen database nor the log shows address, code or link of a registration under way', async () => {
  const { browser, page } = await begin()
  const before = world.log.length
  await send(browser, page, 'secret@example.com')
  const stored = JSON.stringify(await world.connection.collection('mailbox_proofs').find().toArray())
  const { code, link } = await openMail('secret@example.com')
  await browser.open(link)
  const said = world.log.slice(before).join('')
  // Among the digits of a longer number a code may be found by chance.
  for (const secret of [/secret@example\.com/, RegExp(`(?<!\\d)${code}(?!\\d)`), RegExp(link.split('/').at(-1) ?? '')])
    assert.ok(!secret.test(stored) && !secret.test(said))
})

test('closed, there is no link and no page; with domains, others are told', async (t) => {
  const closed = await createWorld()
  t.after(() => closed.close())
  const rp = await RelyingParty.create(closed)
  const front = await rp.browser.open((await rp.start()).url)
  assert.doesNotMatch(front.text, /\/register"/)
  assert.equal((await rp.browser.open(`${front.url.pathname}/register`)).status, 404)

  const env = { GATEHOUSE_ACCOUNTS_REGISTRATION: 'open', GATEHOUSE_ACCOUNTS_REGISTRATION_DOMAINS: 'example.org' }
  const limited = await createWorld({ env })
  t.after(() => limited.close())
  const other = await RelyingParty.create(limited)
  const start = await other.browser.open((await other.start()).url)
  const page = await other.browser.open(`${start.url.pathname}/register`)
  for (const [identifier, status] of [
    ['a@example.com', 422],
    ['a@example.org.evil.example', 422],
    ['a@notexample.org', 422],
    ['a@example.org', 200],
    ['b@mail.EXAMPLE.org', 200],
  ] as const) {
    assert.equal((await send(other.browser, page, identifier)).status, status, identifier)
  }
})
