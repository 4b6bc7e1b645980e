import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { Browser } from '../support/browser.ts'
import { serveOnLoopback } from '../support/loopback.ts'
import { RelyingParty } from '../support/relying-party.ts'
import {
  asGoogle,
  goThrough,
  leaveAndReturn,
  type RunningUpstream,
  startUpstreamProvider,
  type UpstreamManner,
  unreachableMicrosoft,
} from '../support/upstream-provider.ts'
import { createWorld, type World } from '../support/world.ts'

/** What the provider does, and why it is refused. */
const REASONS: readonly (readonly [UpstreamManner, string])[] = [
  ['wrong nonce', 'id_token_nonce'],
  ['no nonce', 'answer_invalid'],
  ['wrong issuer', 'id_token_iss'],
  ['wrong audience', 'id_token_aud'],
  ['wrong azp', 'id_token_azp'],
  ['audience of others', 'id_token_aud'],
  ['expired', 'id_token_exp'],
  ['bad signature', 'answer_invalid'],
  ['unknown key', 'answer_invalid'],
  ['alg none', 'answer_invalid'],
  ['alg HS256', 'answer_invalid'],
  ['no ID token', 'answer_invalid'],
  ['refuses the code', 'token_invalid_grant'],
  ['access denied', 'access_denied'],
  ['iss of another', 'answer_invalid'],
  ['no iss', 'answer_invalid'],
  ['silent', 'timed_out'],
  ['broken', 'answer_invalid'],
  ['huge', 'too_large'],
]

const SUB = 'ada-there'

let upstream: RunningUpstream
let world: World
before(async () => {
  upstream = await startUpstreamProvider()
  world = await createWorld({
    env: {
      ...asGoogle(upstream),
      GATEHOUSE_ACCOUNTS_REGISTRATION: 'open',
      GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000',
      ...unreachableMicrosoft,
    },
  })
})
after(async () => {
  await world.close()
  await upstream.close()
})

async function begin() {
  const rp = await RelyingParty.create(world)
  return { browser: rp.browser, page: await rp.browser.open((await rp.start()).url) }
}

for (const [manner, reason] of REASONS) {
  test(`${manner}: nobody is let in, the page says so, the trail says why, and trying again works`, async () => {
    upstream.person = { sub: SUB, email: `ada-${reason}@elsewhere.example`, email_verified: true }
    upstream.manner = manner
    const { browser, page } = await begin()
    const shown = await goThrough(browser, page, upstream)
    upstream.manner = 'good'
    assert.equal(shown.heading, 'Sign in')
    assert.match(shown.text, manner === 'access denied' ? /came back without signing in/ : /did not work/)
    assert.match(shown.text, /Try again, or use another way/)
    const [failed] = await world.events('sign_in.failed')
    assert.deepEqual(failed?.detail, { method: 'upstream', via: 'google', reason })
    assert.deepEqual(await world.events('account.created'), [])
    assert.deepEqual(await world.events('credential.added'), [])
    assert.deepEqual(await world.events('sign_in.succeeded'), [])
    assert.equal((await goThrough(browser, shown, upstream)).heading, 'Create an account')
  })
}

test('a provider that cannot be reached is told on the page, and the other ways are there', async () => {
  const { browser, page } = await begin()
  const form = page.forms.find(({ fields }) => fields.choice === 'microsoft')
  const shown = await browser.follow(await browser.post(form?.action ?? '', { ...form?.fields, action: 'use' }))
  assert.equal(shown.heading, 'Sign in')
  assert.match(shown.text, /did not work/)
  const [failed] = await world.events('sign_in.failed')
  assert.deepEqual(failed?.detail, { method: 'upstream', via: 'microsoft', reason: 'unreachable' })
  assert.equal((await goThrough(browser, shown, upstream)).heading, 'Create an account')
})

test('the answer of one provider is taken at its own address only', async () => {
  const { browser, page } = await begin()
  const address = new URL(await leaveAndReturn(browser, page, upstream))
  const mixed = await browser.open(`/upstream/microsoft/return${address.search}`)
  assert.equal(mixed.status, 410)
  assert.equal((await browser.open(address.href)).heading, 'Create an account')
})

test('a code of somebody else in this browser is refused: it was made for another request', async () => {
  const victim = await begin()
  const attacker = await begin()
  const mine = new URL(await leaveAndReturn(victim.browser, victim.page, upstream))
  const theirs = new URL(await leaveAndReturn(attacker.browser, attacker.page, upstream))
  mine.searchParams.set('code', theirs.searchParams.get('code') ?? '')
  const shown = await victim.browser.open(mine.href)
  assert.match(shown.text, /did not work/)
  const [failed] = await world.events('sign_in.failed')
  assert.equal(failed?.detail.reason, 'token_invalid_grant')
})

test('an unverified address, or none, is no proof of a mailbox', async () => {
  await world.addAccount('known@elsewhere.example')
  for (const claims of [
    { email: 'known@elsewhere.example', email_verified: false },
    { email: 'known@elsewhere.example' },
    { email: 'known@elsewhere.example', email_verified: 'yes' },
    {},
  ]) {
    upstream.person = { sub: `nobody-${JSON.stringify(claims).length}`, ...claims }
    const { browser, page } = await begin()
    const met = await goThrough(browser, page, upstream)
    assert.equal(met.heading, 'Create an account')
    const forced = await browser.post(`${met.url.pathname}/newcomer`, { ...met.forms[0]?.fields, action: 'create' })
    assert.equal(forced.location, met.url.pathname)
    assert.equal((await world.events('account.created')).length, 1)
    assert.equal((await world.events('registration.refused'))[0]?.detail.reason, 'no proof')
  }
})

test('neither the log nor the trail holds what came back', async () => {
  const { browser, page } = await begin()
  const address = new URL(await leaveAndReturn(browser, page, upstream))
  await browser.open(address.href)
  const told = JSON.stringify(await world.events()) + world.log.join('')
  for (const name of ['code', 'state']) assert.ok(!told.includes(address.searchParams.get(name) ?? '-'), name)
  assert.ok(!told.includes(upstream.clientSecret))
})

test('a discovery document that is none, or is of somebody else, is told on the page and no fault', async (t) => {
  let document = ''
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(document)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const other = await createWorld({
    env: {
      ...asGoogle({ ...upstream, issuer }),
      GATEHOUSE_UPSTREAM_MICROSOFT_URL: issuer,
      GATEHOUSE_UPSTREAM_MICROSOFT_CLIENT_ID: 'gatehouse',
      GATEHOUSE_UPSTREAM_MICROSOFT_CLIENT_SECRET: 'a secret of nobody',
    },
  })
  t.after(() => other.close())
  const browser = new Browser(other.issuer)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  for (const choice of ['google', 'microsoft'])
    for (const body of [
      'no JSON',
      'null',
      '[]',
      '{}',
      '{"issuer":7}',
      '{"issuer":"nonsense"}',
      '{"issuer":"https://evil.example"}',
      JSON.stringify({ issuer: choice === 'google' ? issuer : `${issuer}/{tenantid}/v2.0` }),
    ]) {
      document = body
      t.mock.timers.setTime(Date.now() + 31_000)
      const page = await browser.open('/account')
      const form = page.forms.find(({ fields }) => fields.choice === choice)
      const shown = await browser.follow(await browser.post(form?.action ?? '', { ...form?.fields, action: 'use' }))
      assert.equal(shown.status, 200, `${choice}: ${body}`)
      assert.match(shown.text, /did not work/, `${choice}: ${body}`)
    }
})

test('a provider whose discovery fails is asked again after half a minute, however many people try meanwhile', async (t) => {
  let asked = 0
  let status = 503
  const { origin, close } = await serveOnLoopback((_request, response) => {
    asked += 1
    const endpoints = { authorization_endpoint: `${origin}/a`, token_endpoint: `${origin}/t`, jwks_uri: `${origin}/j` }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ issuer: origin, response_types_supported: ['code'], ...endpoints }))
  })
  t.after(close)
  const other = await createWorld({ env: asGoogle({ ...upstream, issuer: origin }) })
  t.after(() => other.close())
  const begin = async () => {
    const browser = new Browser(other.issuer)
    const page = await browser.open('/account')
    const form = page.forms.find(({ fields }) => fields.choice === 'google')
    return browser.post(form?.action ?? '', { ...form?.fields, action: 'use' })
  }
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  for (const { location } of [...(await Promise.all([begin(), begin(), begin()])), await begin()])
    assert.ok(!location?.startsWith(origin))
  assert.equal(asked, 1)
  assert.equal((await other.events('sign_in.failed')).length, 4)
  t.mock.timers.setTime(Date.now() + 29_000)
  await begin()
  assert.equal(asked, 1)
  status = 200
  t.mock.timers.setTime(Date.now() + 1000)
  const { location = '' } = await begin()
  assert.equal(new URL(location).pathname, '/a')
  assert.equal(asked, 2)
})
