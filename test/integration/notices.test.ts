import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import { Browser } from '../support/browser.ts'
import { startMailServer } from '../support/mail-server.ts'
import { openAccount } from '../support/two-factor.ts'
import { createWorld, findFreePort, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())

const soon = () => new Date(Date.now() + 60_000)

test('a notice reaches its owner in their language, and the trail says so', async () => {
  const account = await world.accounts.register({ email: 'ada@example.com', locale: 'de', via: 'cli' })
  await world.notices.tell('passwordSet', account, { address: '192.0.2.7' })
  const [mail] = await world.mails('ada@example.com')
  assert.match(mail?.subject ?? '', /wurde ein Passwort festgelegt/)
  const [event] = await world.events('mail.sent')
  assert.equal(event?.accountId, account.id)
  assert.deepEqual(event?.detail, { notice: 'passwordSet', tries: 1 })
})

test('whoever chose a language in this browser is written to in it after the next sign-in', async () => {
  await world.addAccount('speaks@example.com')
  const browser = new Browser(world.issuer)
  const localeOf = async () => (await world.accounts.findByIdentifier('speaks@example.com'))?.locale
  await openAccount(browser, 'speaks@example.com')
  assert.equal(await localeOf(), undefined, 'what the browser says by itself is no choice')
  browser.cookies.clear()
  await browser.get('/language/de?return=/')
  await openAccount(browser, 'speaks@example.com')
  assert.equal(await localeOf(), 'de')
})

test('a decoy costs the same and reaches nobody', async () => {
  const before = (await world.mails()).length
  await world.notices.send('passwordReset', { email: undefined }, { link: 'https://x.example', expiresAt: soon() })
  assert.equal((await world.mails()).length, before)
  assert.equal(await world.connection.collection('outbox').countDocuments(), 0)
})

test('when mail cannot leave, readiness says so and requests are taken; one slow answer says nothing', async (t) => {
  const port = await findFreePort()
  const env = {
    GATEHOUSE_MAIL_SMTP_URL: `smtp://localhost:${port}`,
    GATEHOUSE_MAIL_SMTP_TLS: 'off',
    GATEHOUSE_MAIL_FROM: 'no-reply@id.example',
  }
  const own = await createWorld({ env })
  t.after(() => own.close())
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const tell = async (email: string) => {
    await own.notices.tell('passwordSet', { email }, {})
    await own.mails()
    t.mock.timers.tick(1000)
    const answer = await fetch(`${own.issuer}/health/ready`)
    return { status: answer.status, body: await answer.json() }
  }
  const ready = { status: 200, body: { status: 'ready' } }
  assert.deepEqual(await tell('one@example.com'), ready)
  assert.deepEqual(await tell('two@example.com'), ready)
  const impaired = { status: 200, body: { status: 'ready', impaired: ['mail'] } }
  assert.deepEqual(await tell('three@example.com'), impaired)

  const server = await startMailServer(t, { hideSTARTTLS: true, port })
  server.manners.recipient = 550
  assert.deepEqual(await tell('four@example.com'), ready, 'it answers, whatever it says of a mail')
})

test('what can no longer be sent is in the trail', async (t) => {
  const server = await startMailServer(t, { hideSTARTTLS: true })
  const env = {
    GATEHOUSE_MAIL_SMTP_URL: `smtp://localhost:${server.port}`,
    GATEHOUSE_MAIL_SMTP_TLS: 'off',
    GATEHOUSE_MAIL_FROM: 'no-reply@id.example',
  }
  const own = await createWorld({ env })
  t.after(() => own.close())
  server.manners.recipient = 550
  await own.notices.tell('passwordSet', { email: 'gone@example.com' }, {})
  await own.mails()
  assert.deepEqual((await own.events('mail.refused'))[0]?.detail, { notice: 'passwordSet', code: '550' })

  server.manners.recipient = 450
  await own.notices.send('signInLink', { email: 'late@example.com' }, { link: 'https://x.example', expiresAt: soon() })
  await own.mails()
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 2 * 60_000 })
  t.after(() => mock.timers.reset())
  await own.mails()
  assert.deepEqual((await own.events('mail.expired'))[0]?.detail, { notice: 'signInLink', tries: 1 })

  server.manners.recipient = undefined
  await own.notices.test({ email: 'test@example.com' })
  assert.equal(server.taken.length, 1)
})
