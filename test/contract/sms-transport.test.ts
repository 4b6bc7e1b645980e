import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { type Database, ensureIndexes } from '../../src/platform/database/index.ts'
import { createHttpClient } from '../../src/platform/http-client/index.ts'
import { createSealer } from '../../src/platform/seal.ts'
import { createSmsBox, createTwilio, createWebhook, SmsError } from '../../src/platform/sms/index.ts'
import { openTestDatabase } from '../support/database.ts'
import { type SmsManner, startSmsServer } from '../support/sms-server.ts'

const SID = `AC${'0123456789abcdef'.repeat(2)}`
const SERVICE = `MG${'0123456789abcdef'.repeat(2)}`
const TOKEN = 'a-token-of-twilio'
const KEY = randomBytes(32)
const NUMBER = '+4915112345678'
const sms = { to: NUMBER, text: '123456 is your code\n\n@id.example #123456', goodForSeconds: 300 }

let server: Awaited<ReturnType<typeof startSmsServer>>
before(async () => {
  server = await startSmsServer()
})
after(() => server.close())
beforeEach(() => {
  server.state.manner = 'good'
  server.requests.length = 0
})

const client = createHttpClient({ allowedPrivateAddresses: ['127.0.0.0/8'], isHttpAllowed: true })
/** Nobody waits for a server that says nothing; whoever answers has time. */
const http = {
  request: (request: Parameters<typeof client.request>[0]) =>
    client.request({ timeoutMs: server.state.manner === 'silent' ? 500 : 60_000, ...request }),
}
const twilio = (sender = '+4915100000000') =>
  createTwilio({ http, url: server.url, accountSid: SID, authToken: TOKEN, sender })
const webhook = () => createWebhook({ http, url: `${server.url}/messages`, secret: `whsec_${KEY.toString('base64')}` })

test('Twilio is told what it wants to know', async () => {
  await twilio()(sms)
  const [request] = server.requests
  assert.equal(`${request?.method} ${request?.path}`, `POST /2010-04-01/Accounts/${SID}/Messages.json`)
  assert.equal(request?.headers.authorization, `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}`)
  assert.equal(request?.headers['content-type'], 'application/x-www-form-urlencoded')
  assert.deepEqual(Object.fromEntries(new URLSearchParams(request?.body)), {
    To: NUMBER,
    From: '+4915100000000',
    Body: sms.text,
    ValidityPeriod: '300',
  })
})

test('a messaging service of Twilio is named as one', async () => {
  await twilio(SERVICE)(sms)
  const form = new URLSearchParams(server.requests[0]?.body)
  assert.equal(form.get('MessagingServiceSid'), SERVICE)
  assert.equal(form.has('From'), false)
})

test('a webhook gets the message as JSON, signed as Standard Webhooks say, each with an id of its own', async () => {
  await webhook()(sms)
  await webhook()(sms)
  const [request, next] = server.requests
  assert.deepEqual(JSON.parse(request?.body ?? ''), sms)
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = request?.headers ?? {}
  const signed = createHmac('sha256', KEY).update(`${id}.${timestamp}.${request?.body}`).digest('base64')
  assert.equal(signature, `v1,${signed}`)
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60)
  assert.notEqual(id, next?.headers['webhook-id'])
})

const failures: readonly [SmsManner, string, string][] = [
  ['refusing', 'twilio_21211', 'status_400'],
  ['broken', 'status_500', 'status_500'],
  ['silent', 'timed_out', 'timed_out'],
  ['cut', 'unreachable', 'unreachable'],
  ['redirect', 'status_307', 'status_307'],
]
for (const [manner, ofTwilio, ofWebhook] of failures) {
  test(`a ${manner} server: the message was not taken, and the error tells neither number nor words`, async () => {
    server.state.manner = manner
    for (const [send, code] of [
      [twilio(), ofTwilio],
      [webhook(), ofWebhook],
    ] as const) {
      const error = await send(sms).catch((caught: unknown) => caught)
      assert.ok(error instanceof SmsError)
      assert.equal(error.code, code)
      const told = `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`
      assert.ok(!told.includes(NUMBER.slice(1)) && !told.includes('123456') && !told.includes(TOKEN))
    }
  })
}

test('a page in place of Twilio took nothing', async () => {
  server.state.manner = 'page'
  await assert.rejects(twilio()(sms), { code: 'status_200' })
})

test('what the box keeps is read as it was sent, the newest first, and sealed', async () => {
  const database: Database = await openTestDatabase()
  try {
    const box = createSmsBox(database.connection, createSealer([randomBytes(32).toString('base64url')]))
    await ensureIndexes(database.connection)
    await box.send({ ...sms, text: 'first' })
    await box.send(sms)
    const [newest, oldest] = await box.list(10)
    assert.equal(newest?.text, sms.text)
    assert.equal(newest?.to, NUMBER)
    assert.equal(oldest?.text, 'first')
    const kept = JSON.stringify(await database.connection.db?.collection('kept_sms').find().toArray())
    assert.ok(!kept.includes(NUMBER) && !kept.includes('123456'))
  } finally {
    await database.close()
  }
})
