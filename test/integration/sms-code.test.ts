import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { addPhone, chooseText, codeSentTo, otherThan, startPhone } from '../support/phone.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { openAccount, toSecondStep } from '../support/two-factor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const ENV = {
  GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000',
  GATEHOUSE_SIGN_IN_LIMITS_MESSAGES_PER_ADDRESS: '1000',
  GATEHOUSE_SMS_COUNTRIES: 'DE,AT',
}

let world: World
let email: string
let number: string
let count = 0
before(async () => {
  world = await createWorld({ env: ENV })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `ada${count}@example.com`
  number = `+4915112345${String(count).padStart(3, '0')}`
  await world.addAccount(email)
})

/** Says who it is in a new browser, and asks for a code. */
async function toFirstStep(who: string, path = '/account') {
  const browser = new Browser(world.issuer)
  const password = await browser.press(await browser.open(path), 'continue', { identifier: who })
  return { browser, page: await chooseText(browser, password) }
}

async function toSecondText() {
  const { browser, page } = await toSecondStep(world, email)
  return { browser, page: await chooseText(browser, page) }
}

/** What a page says, without what differs from one form to the next. */
const gist = ({ text, status }: Page, who: string) =>
  `${status} ${text.replaceAll(who, 'WHO').replace(/(nonce|value|action|href)="[^"]*"/g, '')}`

test('a phone is added by the code that was sent to it, shows masked, and is asked for at the next sign-in', async () => {
  const browser = new Browser(world.issuer)
  const list = await addPhone(world, browser, email, number)
  assert.equal(list.url.pathname, '/account/security/sms-code')
  assert.match(list.text, new RegExp(`••• ${number.slice(-2)}`))
  assert.ok(!list.text.includes(number))
  const { browser: next, page } = await toSecondText()
  assert.match(page.text, new RegExp(`to your phone ••• ${number.slice(-2)}`))
  const done = await next.press(page, 'sign-in', { code: await codeSentTo(world, number) })
  assert.equal(done.url.pathname, '/account')
})

test('the ID token says that it was a text message', async () => {
  await addPhone(world, new Browser(world.issuer), email, number)
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const ways = await rp.signIn(await rp.browser.open(started.url), email)
  const asked = await chooseText(rp.browser, ways)
  const consent = await rp.browser.press(asked, 'sign-in', { code: await codeSentTo(world, number) })
  const claims = (await rp.redeem(await rp.consent(consent), started)).claims()
  assert.equal(claims?.acr, 'urn:gatehouse:acr:two-factor')
  assert.deepEqual([claims?.amr].flat().sort(), ['mfa', 'pwd', 'sms'])
})

test('the message ends with a line that lets browsers fill the code in on our pages', async () => {
  await startPhone(new Browser(world.issuer), email, number)
  const [message] = await world.texts(number)
  const code = await codeSentTo(world, number)
  assert.equal(message?.text.split('\n').at(-1), `@localhost #${code}`)
  assert.equal(message?.goodForSeconds, 300)
})

test('a text message can come first; the password follows', async () => {
  await addPhone(world, new Browser(world.issuer), email, number)
  const { browser, page } = await toFirstStep(email)
  const password = await browser.press(page, 'sign-in', { code: await codeSentTo(world, number) })
  assert.match(password.text, /name="password"/)
  const done = await browser.press(password, 'sign-in', { password: PASSWORD })
  assert.equal(done.url.pathname, '/account')
})

test('as a first step it looks the same with a phone, without one, and without an account; nothing is sent', async () => {
  await addPhone(world, new Browser(world.issuer), email, number)
  const sentBefore = (await world.texts()).length
  const bare = `bare${count}@example.com`
  await world.addAccount(bare)
  const pages: string[] = []
  for (const who of [bare, `nobody${count}@example.com`, email]) {
    const { browser, page } = await toFirstStep(who)
    if (who !== email) assert.equal((await world.texts()).length, sentBefore)
    const wrong = await browser.press(page, 'sign-in', { code: '000000' })
    const again = await browser.press(wrong, 'use')
    pages.push([page, wrong, again].map((shown) => gist(shown, who)).join('\n'))
  }
  assert.equal((await world.texts()).length, sentBefore + 1)
  assert.equal(pages[0], pages[1])
  assert.equal(pages[0], pages[2])
})

test('three wrong codes use it up, and then the right one is worth nothing', async () => {
  await addPhone(world, new Browser(world.issuer), email, number)
  const { browser, page } = await toFirstStep(email)
  const code = await codeSentTo(world, number)
  let at = page
  for (let tries = 0; tries < 3; tries += 1) at = await browser.press(at, 'sign-in', { code: otherThan(code) })
  assert.match(at.text, /This code cannot be used any more/)
  const late = await browser.press(page, 'sign-in', { code })
  assert.doesNotMatch(late.text, /name="password"/)
})

test('a code is good for five minutes', async (t) => {
  await addPhone(world, new Browser(world.issuer), email, number)
  const { browser, page } = await toFirstStep(email)
  const code = await codeSentTo(world, number)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(5 * 60_000 + 1000)
  const late = await browser.press(page, 'sign-in', { code })
  assert.match(late.text, /This code cannot be used any more/)
})

test('a code is good in the sign-in that asked for it and in no other, and once', async () => {
  await addPhone(world, new Browser(world.issuer), email, number)
  const { browser, page } = await toFirstStep(email)
  const code = await codeSentTo(world, number)
  const other = `eve${count}@example.com`
  await world.addAccount(other)
  const stranger = await toFirstStep(other)
  const refused = await stranger.browser.press(stranger.page, 'sign-in', { code })
  assert.match(refused.text, /This code is not right/)
  const answers = await Promise.all(Array.from({ length: 20 }, () => browser.send(page, 'sign-in', { code })))
  assert.ok(answers.every(({ status }) => status < 500))
  const proofs = (await world.events('sign_in.proved')).filter(({ detail }) => detail.method === 'sms-code')
  const mine = await world.accounts.findByIdentifier(email)
  assert.equal(proofs.filter(({ accountId }) => accountId === mine?.id).length, 1)
})

test('asking again within a minute sends nothing, and the code that was sent stays good', async () => {
  await addPhone(world, new Browser(world.issuer), email, number)
  const { browser, page } = await toFirstStep(email)
  const sent = (await world.texts(number)).length
  const again = await browser.press(page, 'use')
  assert.match(again.text, /A message was sent to you not long ago/)
  const back = await chooseText(browser, again)
  assert.equal((await world.texts(number)).length, sent)
  const password = await browser.press(back, 'sign-in', { code: await codeSentTo(world, number) })
  assert.match(password.text, /name="password"/)
})

test('whoever was sent five messages in an hour is sent no more, and can use another way', async (t) => {
  const { browser, page } = await toFirstStep(email)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  let at = page
  for (let asked = 1; asked < 5; asked += 1) {
    t.mock.timers.tick(61_000)
    at = await browser.press(at, 'use')
    assert.doesNotMatch(at.text, /not long ago/)
  }
  t.mock.timers.tick(6 * 60_000)
  const refused = await chooseText(browser, await browser.open(at.url.href))
  assert.match(refused.text, /No more messages can be sent to you at the moment/)
  assert.ok(refused.forms.some(({ fields }) => fields.method === 'password'))
})

test('of several phones the one used last gets the code, and another can be chosen', async (t) => {
  const second = number.replace('+49151', '+49160')
  const browser = new Browser(world.issuer)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  await addPhone(world, browser, email, number)
  t.mock.timers.tick(61_000)
  await addPhone(world, browser, email, second)
  t.mock.timers.tick(61_000)
  const { browser: next, page } = await toSecondText()
  const before = (await world.texts(number)).length
  assert.equal((await world.texts(second)).length, 2)
  t.mock.timers.tick(61_000)
  const form = page.forms.filter(({ fields }) => fields.method === 'sms-code')[1]
  const asked = await next.follow(await next.post(form?.action ?? '', { ...form?.fields, action: 'use' }))
  assert.equal((await world.texts(number)).length, before + 1)
  const done = await next.press(asked, 'sign-in', { code: await codeSentTo(world, number) })
  assert.equal(done.url.pathname, '/account')
})

test('a phone that was removed gets nothing more, and what waited for it is worth nothing', async () => {
  const browser = new Browser(world.issuer)
  const list = await addPhone(world, browser, email, number)
  const { browser: next, page } = await toFirstStep(email)
  const code = await codeSentTo(world, number)
  const href = /href="([^"]+\/remove)"/.exec(list.text)?.[1] ?? ''
  await browser.press(await browser.open(href), 'remove')
  const refused = await next.press(page, 'sign-in', { code })
  assert.doesNotMatch(refused.text, /name="password"/)
  assert.equal((await openAccount(new Browser(world.issuer), email)).url.pathname, '/account')
})

test('what is no mobile number of an allowed country is told at its field, and costs no message', async () => {
  const browser = new Browser(world.issuer)
  const page = await openAccount(browser, email, '/account/security/sms-code')
  const start = await browser.press(page, 'add')
  for (const [phone, reason] of [
    ['12', /Enter the number of a mobile phone/],
    ['', /Enter the number of a mobile phone/],
    ['+49 900 1234567', /Enter the number of a mobile phone/],
    ['+41 78 123 45 67', /No text messages are sent to numbers of this country/],
  ] as const) {
    const refused = await browser.press(start, 'add', { phone })
    assert.equal(refused.status, 422)
    assert.match(refused.text, reason)
    assert.match(refused.text, /aria-invalid="true"/)
  }
  // Written as at home: the first country is meant.
  const asked = await browser.press(start, 'add', { phone: number.replace('+49', '0') })
  assert.ok(asked.text.includes(number))
  const [refusal] = await world.events('credential.refused')
  assert.equal(refusal?.detail.reason, 'phone.country')
})

test('a number counts for nothing before its code came back, and three wrong ones end it', async () => {
  const browser = new Browser(world.issuer)
  let at = await startPhone(browser, email, number)
  const code = await codeSentTo(world, number)
  for (let tries = 0; tries < 3; tries += 1) at = await browser.press(at, 'confirm', { code: otherThan(code) })
  assert.match(at.text, /This code cannot be used any more/)
  assert.match(at.text, /name="phone"/)
  assert.match((await browser.open('/account/security/sms-code')).text, /There is no phone in your account yet/)
  assert.equal((await toSecondStep(world, email)).page.url.pathname, '/account')
})

test('the same phone is not added twice, and another number can be typed instead', async (t) => {
  const browser = new Browser(world.issuer)
  await addPhone(world, browser, email, number)
  const known = await startPhone(browser, email, number)
  assert.match(known.text, /part of your account already/)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(61_000)
  const asked = await browser.press(known, 'add', { phone: number.replace('+49151', '+49170') })
  const other = asked.forms.filter(({ actions }) => actions.includes('add')).at(-1)
  const start = await browser.follow(await browser.post(other?.action ?? '', { ...other?.fields, action: 'add' }))
  assert.match(start.text, /id="phone"/)
})

test('neither numbers nor codes are in the database or the log in clear', async () => {
  await addPhone(world, new Browser(world.issuer), email, number)
  await toFirstStep(email)
  const code = await codeSentTo(world, number)
  const collections = (await world.connection.db?.collections()) ?? []
  const documents = await Promise.all(collections.map((collection) => collection.find().toArray()))
  for (const kept of [JSON.stringify(documents), world.log.join('')]) {
    assert.ok(!kept.includes(number.slice(1)))
    assert.ok(!new RegExp(`\\b${code}\\b`).test(kept))
  }
})

test('where everybody needs a second factor, a phone can be added while signing in', async () => {
  const strict = await createWorld({ env: { GATEHOUSE_ASSURANCE_SECOND_FACTOR: 'always' } })
  try {
    await strict.addAccount(email)
    const { browser, page } = await toSecondStep(strict, email)
    const form = page.forms.find(({ fields }) => fields.method === 'sms-code')
    const start = await browser.follow(await browser.post(form?.action ?? '', { ...form?.fields, action: 'enrol' }))
    const wrong = await browser.press(start, 'enrol', { phone: '12' })
    assert.match(wrong.text, /Enter the number of a mobile phone/)
    const asked = await browser.press(wrong, 'enrol', { phone: number })
    const refused = await browser.press(asked, 'confirm', { code: otherThan(await codeSentTo(strict, number)) })
    assert.match(refused.text, /This code is not right/)
    const done = await browser.press(refused, 'confirm', { code: await codeSentTo(strict, number) })
    assert.equal(done.url.pathname, '/account')
  } finally {
    await strict.close()
  }
})

test('turned off, there is no such way, and phones count for nothing', async () => {
  await addPhone(world, new Browser(world.issuer), email, number)
  const off = await createWorld({ beside: world, env: { ...ENV, GATEHOUSE_SMS_IS_OFFERED: 'false' } })
  try {
    const browser = new Browser(off.issuer)
    const page = await openAccount(browser, email)
    assert.equal(page.url.pathname, '/account')
    assert.equal((await browser.get('/account/security/sms-code')).status, 404)
  } finally {
    await off.close()
  }
})
