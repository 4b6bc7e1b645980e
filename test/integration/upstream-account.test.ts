import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import type { Account } from '../../src/accounts/index.ts'
import { Authenticator, type Options } from '../support/authenticator.ts'
import { Browser } from '../support/browser.ts'
import { openTestDatabase } from '../support/database.ts'
import { openAccount } from '../support/two-factor.ts'
import {
  asGoogle,
  goThrough,
  leaveAndReturn,
  type RunningUpstream,
  startUpstreamProvider,
  unreachableMicrosoft,
} from '../support/upstream-provider.ts'
import { createWorld, type World } from '../support/world.ts'

const HERE = '/account/security/upstream'

let upstream: RunningUpstream
let world: World
let account: Account
let count = 0
before(async () => {
  upstream = await startUpstreamProvider()
  world = await createWorld({
    env: {
      ...asGoogle(upstream),
      GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000',
      ...unreachableMicrosoft,
    },
  })
})
after(async () => {
  await world.close()
  await upstream.close()
})
beforeEach(async () => {
  count += 1
  account = await world.addAccount(`ada${count}@example.com`)
  upstream.manner = 'good'
  upstream.person = { sub: `ada-${count}`, email: `there${count}@elsewhere.example`, email_verified: true }
})

const listOf = ({ id }: Account) => world.signIn.enrolment.list(id)
const reasonsOf = async ({ id: accountId }: Account) =>
  (await world.audit.list({ accountId, name: 'credential.refused' }, 20)).map(({ detail }) => detail.reason)

/** The owner's page, signed in just now. */
async function openList(email = account.email) {
  const browser = new Browser(world.issuer)
  return { browser, page: await openAccount(browser, email, HERE) }
}

test('an account elsewhere is connected, signs in from then on, and is disconnected', async () => {
  const { browser, page } = await openList()
  assert.equal(page.heading, 'Account elsewhere')
  const listed = await goThrough(browser, page, upstream)
  assert.equal(listed.url.pathname, HERE)
  assert.match(listed.text, new RegExp(`Google \\(there${count}@elsewhere\\.example\\)`))
  const [added] = await world.audit.list({ accountId: account.id, name: 'credential.added' }, 1)
  assert.deepEqual(added?.detail, { method: 'upstream', via: 'google' })
  assert.ok((await world.mails(account.email)).some(({ subject }) => /was added/.test(subject)))

  const stranger = new Browser(world.issuer)
  const inside = await goThrough(stranger, await stranger.open('/account'), upstream)
  assert.equal(inside.url.pathname, '/account')
  assert.ok(inside.text.includes(account.email))

  const [kept] = await listOf(account)
  const asked = await browser.open(`${HERE}/${encodeURIComponent(kept?.id ?? '')}/remove`)
  await browser.press(asked, 'remove')
  assert.deepEqual(await listOf(account), [])
  const [removed] = await world.audit.list({ accountId: account.id, name: 'credential.removed' }, 1)
  assert.deepEqual(removed?.detail, { method: 'upstream', via: 'google' })
  assert.ok((await world.mails(account.email)).some(({ subject }) => /was removed/.test(subject)))

  const again = new Browser(world.issuer)
  const met = await goThrough(again, await again.open('/account'), upstream)
  assert.equal(met.heading, 'There is no account here yet')
})

test('an account elsewhere belongs to one account here', async () => {
  const first = await openList()
  await goThrough(first.browser, first.page, upstream)
  const other = await world.addAccount(`bob${count}@example.com`)
  const second = await openList(other.email)
  const refused = await goThrough(second.browser, second.page, upstream)
  assert.equal(refused.status, 422)
  assert.match(refused.text, /connected with another account here already/)
  assert.deepEqual(await listOf(other), [])
  assert.deepEqual(await reasonsOf(other), ['taken'])
})

test('whoever comes back without signing in there has changed nothing', async () => {
  const { browser, page } = await openList()
  upstream.manner = 'access denied'
  const shown = await goThrough(browser, page, upstream)
  assert.match(shown.text, /came back without signing in/)
  assert.deepEqual(await listOf(account), [])
  assert.deepEqual(await reasonsOf(account), ['access_denied'])
  upstream.manner = 'good'
  await goThrough(browser, shown, upstream)
  assert.equal((await listOf(account)).length, 1)
})

test('an answer that is not right connects nothing', async () => {
  const { browser, page } = await openList()
  upstream.manner = 'wrong nonce'
  const shown = await goThrough(browser, page, upstream)
  assert.match(shown.text, /did not work/)
  assert.deepEqual(await listOf(account), [])
  assert.deepEqual(await reasonsOf(account), ['id_token_nonce'])
})

test('the answer counts in the session that began, in no other of the same account, and in no other account', async () => {
  const { browser, page } = await openList()
  const address = await leaveAndReturn(browser, page, upstream)
  const attacker = await world.addAccount(`eve${count}@example.com`)
  const theirs = await openList(attacker.email)
  assert.equal((await theirs.browser.open(address)).status, 422)
  assert.deepEqual(await listOf(attacker), [])
  const elsewhere = await openList()
  assert.equal((await elsewhere.browser.open(address)).status, 422)
  assert.deepEqual(await listOf(account), [])
  assert.deepEqual(await reasonsOf(account), ['another_session'])
})

test('an answer from a sign-in connects nothing, and one from connecting signs nobody in', async () => {
  const { browser, page } = await openList()
  const stranger = new Browser(world.issuer)
  const signIn = await leaveAndReturn(stranger, await stranger.open('/account'), upstream)
  const code = new URL(signIn).searchParams
  const forged = await browser.open(`${HERE}/return?${code}`)
  assert.equal(forged.status, 422)
  const begun = await leaveAndReturn(browser, page, upstream)
  const uid = (await stranger.open('/account')).url.pathname
  await stranger.open(`${uid}/upstream/return?${new URL(begun).searchParams}`)
  assert.ok((await stranger.open('/account')).forms.some(({ fields }) => 'identifier' in fields))
  assert.deepEqual(await listOf(account), [])
})

test('connecting and disconnecting ask for a sign-in that is not long ago', async (t: TestContext) => {
  const { browser, page } = await openList()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(11 * 60_000)
  const form = page.forms.find(({ fields }) => fields.choice === 'google')
  const asked = await browser.post(`${HERE}/add`, { ...form?.fields, action: 'add-google' })
  assert.match(asked.location ?? '', /^\/auth\?.*max_age=/)
})

test('a provider that cannot be reached is told on the page, and the others are there', async () => {
  const { browser, page } = await openList()
  const form = page.forms.find(({ fields }) => fields.choice === 'microsoft')
  const shown = await browser.post(`${HERE}/add`, { ...form?.fields, action: 'add-microsoft' })
  assert.equal(shown.status, 503)
  assert.match(shown.text, /cannot be reached at the moment/)
  assert.deepEqual(await reasonsOf(account), ['enrolment.elsewhere_unreachable'])
  await goThrough(browser, shown, upstream)
  assert.equal((await listOf(account)).length, 1)
})

test('a provider that there is not cannot be connected', async () => {
  const { browser, page } = await openList()
  const form = page.forms.find(({ fields }) => fields.choice === 'google')
  const refused = await browser.post(`${HERE}/add`, { ...form?.fields, choice: 'github', action: 'add-github' })
  assert.equal(refused.status, 404)
})

test('the last way in cannot be removed, whichever it is', async (t) => {
  const database = await openTestDatabase()
  t.after(() => database.close())
  const secret = () => randomBytes(32).toString('base64url')
  const alone = await createWorld({
    env: {
      // Without mail, so that no mailed link is a way in.
      NODE_ENV: 'production',
      ISSUER: 'https://id.example.com',
      MONGODB_URI: database.uri,
      GATEHOUSE_SECRETS_COOKIE_KEYS: `${secret()},${secret()}`,
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_MEMORY_KIB: '19456',
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_PASSES: '2',
    },
  })
  t.after(() => alone.close())
  const { enrolment } = alone.signIn
  const owner = await alone.accounts.register({ email: 'ada@example.com', via: 'cli' })
  const request = { account: owner, method: 'passkey', origin: { requestId: 'test', address: '203.0.113.9' } }
  const add = async () => {
    const challenge = await enrolment.begin(request, {})
    const { options } = (challenge ?? assert.fail()).data as { options: Options }
    await enrolment.confirm(request, { response: new Authenticator('https://id.example.com').create(options) })
  }
  await add()
  await add()
  const ids = (await enrolment.list(owner.id)).map(({ id }) => id)
  assert.equal(ids.length, 2)
  const outcomes = await Promise.allSettled(ids.map((id) => enrolment.remove(request, id)))
  assert.ok(outcomes.some(({ status }) => status === 'rejected'))
  const left = await enrolment.list(owner.id)
  assert.ok(left.length > 0)
  if (left.length > 1) await enrolment.remove(request, left[1]?.id ?? '')
  await assert.rejects(enrolment.remove(request, left[0]?.id ?? ''), { code: 'enrolment.last_way' })
  assert.equal((await enrolment.list(owner.id)).length, 1)
  const [refused] = await alone.audit.list({ accountId: owner.id, name: 'credential.refused' }, 1)
  assert.equal(refused?.detail.reason, 'enrolment.last_way')
})
