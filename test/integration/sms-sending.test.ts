import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Browser } from '../support/browser.ts'
import { chooseText } from '../support/phone.ts'
import { startSmsServer } from '../support/sms-server.ts'
import { openAccount, toSecondStep } from '../support/two-factor.ts'
import { createWorld, type World } from '../support/world.ts'

let server: Awaited<ReturnType<typeof startSmsServer>>
let world: World
let email: string
let number: string
let count = 0
before(async () => {
  server = await startSmsServer()
  world = await createWorld({
    env: {
      GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000',
      GATEHOUSE_SIGN_IN_LIMITS_MESSAGES_PER_ADDRESS: '1000',
      GATEHOUSE_SMS_MESSAGES_PER_NUMBER: '2',
      GATEHOUSE_SMS_MESSAGES_PER_DAY: '20',
      GATEHOUSE_SMS_TWILIO_URL: server.url,
      GATEHOUSE_SMS_TWILIO_ACCOUNT_SID: `AC${'0123456789abcdef'.repeat(2)}`,
      GATEHOUSE_SMS_TWILIO_AUTH_TOKEN: 'a-token-of-twilio',
      GATEHOUSE_SMS_TWILIO_SENDER: '+4915100000000',
    },
  })
})
after(async () => {
  await world.close()
  await server.close()
})
beforeEach(async () => {
  server.state.manner = 'good'
  count += 1
  email = `ada${count}@example.com`
  number = `+4915112345${String(count).padStart(3, '0')}`
  await world.addAccount(email)
})

const sentTo = (to: string) =>
  server.requests.map(({ body }) => new URLSearchParams(body)).filter((form) => form.get('To') === to)
const newestCode = () => /\d{6}/.exec(sentTo(number).at(-1)?.get('Body') ?? '')?.[0] ?? ''

async function startPhone(browser: Browser) {
  const page = await openAccount(browser, email, '/account/security/sms-code')
  return browser.press(await browser.press(page, 'add'), 'add', { phone: number })
}

async function addPhone() {
  const browser = new Browser(world.issuer)
  return browser.press(await startPhone(browser), 'confirm', { code: newestCode() })
}

async function toFirstStep(who: string) {
  const browser = new Browser(world.issuer)
  const password = await browser.press(await browser.open('/account'), 'continue', { identifier: who })
  return { browser, page: await chooseText(browser, password) }
}

test('while adding a phone, a message that is not taken is told, and nothing waits', async () => {
  server.state.manner = 'refusing'
  const refused = await startPhone(new Browser(world.issuer))
  assert.equal(refused.status, 503)
  assert.match(refused.text, /could not be sent\. Try again later, or use another way/)
  assert.match(refused.text, /name="phone"/)
  const [failed] = await world.events('sms.failed')
  assert.deepEqual(failed?.detail, { purpose: 'enrolment', code: 'twilio_21211' })
})

test('at the second step, a message that is not taken is told with another way, and is counted', async (t) => {
  await addPhone()
  server.state.manner = 'broken'
  const { browser, page } = await toSecondStep(world, email)
  const undelivered = await chooseText(browser, page)
  assert.match(undelivered.text, /The text message could not be sent/)
  server.state.manner = 'good'
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(61_000)
  const again = await browser.press(undelivered, 'use')
  assert.doesNotMatch(again.text, /could not be sent/)
  t.mock.timers.tick(61_000)
  // The third of two.
  const before = sentTo(number).length
  assert.match((await browser.press(again, 'use')).text, /The text message could not be sent/)
  assert.equal(sentTo(number).length, before)
  const [limited] = await world.events('sms.limited')
  assert.deepEqual(limited?.detail, { purpose: 'second', by: 'number' })
})

test('at the first step a server that says nothing keeps nobody waiting, and the page is the same', async () => {
  await addPhone()
  server.state.manner = 'silent'
  const { page } = await toFirstStep(email)
  assert.match(page.text, /If there is a phone in this account/)
  // The server is being waited for, five seconds long, and the page is there already.
  const failures = async () => (await world.events('sms.failed')).filter(({ detail }) => detail.purpose === 'first')
  assert.equal((await failures()).length, 0)
  await world.texting?.sender.settled()
  assert.deepEqual(
    (await failures()).map(({ detail }) => detail.code),
    ['timed_out'],
  )
})

test('when the budget of the day is used up nothing is sent to anybody, and the first step looks the same', async () => {
  await addPhone()
  for (let spent = 0; spent < 20; spent += 1)
    await world.texting?.sender.send(
      { to: `+4917012345${spent + 100}`, text: 'spent', goodForSeconds: 300 },
      { accountId: 'somebody', purpose: 'enrolment' },
    )
  const before = server.requests.length
  const { page } = await toFirstStep(email)
  await world.texting?.sender.settled()
  assert.match(page.text, /If there is a phone in this account/)
  assert.equal(server.requests.length, before)
  const limited = await world.events('sms.limited')
  assert.ok(limited.some(({ detail }) => detail.purpose === 'first' && detail.by === 'budget'))
})
