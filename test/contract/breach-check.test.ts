import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { createHttpClient } from '../../src/platform/http-client/index.ts'
import { createBreachCheck } from '../../src/sign-in/methods/password/breaches.ts'
import { type BreachManner, startBreachServer } from '../support/breach-server.ts'

const KNOWN = 'Known from 1 breach!'
const PADDED = 'In 1 answer as padding!'

let server: Awaited<ReturnType<typeof startBreachServer>>
before(async () => {
  server = await startBreachServer({ known: [KNOWN], padded: [PADDED] })
})
after(() => server.close())
beforeEach(() => {
  server.state.manner = 'good'
  server.requests.length = 0
})

const http = createHttpClient({ allowedPrivateAddresses: ['127.0.0.0/8'], isHttpAllowed: true })
const check = (password: string) => createBreachCheck({ http, url: server.url })(password)

test('R-35: a breached password is found, another is not', async () => {
  assert.equal(await check(KNOWN), 'breached')
  assert.equal(await check('Not known from 1 breach!'), 'clean')
})

test('five characters of the hash leave the house, with padding asked for, and nothing of the password', async () => {
  await check(KNOWN)
  const hash = createHash('sha1').update(KNOWN).digest('hex').toUpperCase()
  assert.deepEqual(server.requests, [{ path: `/range/${hash.slice(0, 5)}`, padding: 'true' }])
})

test('padding is no breach', async () => {
  assert.equal(await check(PADDED), 'clean')
})

const outcomes: readonly [BreachManner, string][] = [
  ['silent', 'timed_out'],
  ['slow', 'timed_out'],
  ['broken', 'status 503'],
  ['huge', 'too_large'],
  ['page', 'not a range'],
  ['cut', 'unreachable'],
]
for (const [manner, reason] of outcomes) {
  test(`a server that is ${manner} has no say, and holds nobody up`, async () => {
    server.state.manner = manner
    const started = performance.now()
    assert.deepEqual(await check(KNOWN), { unknown: reason })
    assert.ok(performance.now() - started < 10_000)
  })
}

test('a name that nobody knows has no say', async () => {
  // Whoever answers for names may take longer than the check waits.
  const resolve = () => Promise.reject(new Error('not found'))
  const nobody = createBreachCheck({
    http: createHttpClient({ allowedPrivateAddresses: [], isHttpAllowed: true, resolve }),
    url: 'http://nobody.invalid',
  })
  assert.deepEqual(await nobody(KNOWN), { unknown: 'name_unknown' })
})
