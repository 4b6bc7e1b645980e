import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import * as oidc from 'openid-client'
import { Browser } from '../support/browser.ts'
import { startLogoutReceiver, verifyLogout } from '../support/logout-receiver.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())

/** What the scheduler does each minute. */
async function sweep() {
  for (const job of world.jobs) if (job.name === 'expired-sessions') await job.run()
  await world.logouts.settle()
}

let accounts = 0
/** Somebody who is signed in to an app that is told when that ends. From then on time stands still. */
async function signIn(t: TestContext, { parameters = {}, keep = {} } = {}) {
  accounts += 1
  const { email, id } = await world.addAccount(`person${accounts}@example.com`)
  const { uri, received } = await startLogoutReceiver(t)
  const rp = await RelyingParty.create(world, { backchannel_logout_uri: uri, first_party: true })
  const started = await rp.start(parameters)
  const asked = await rp.browser.press(await rp.browser.open(started.url), 'continue', { identifier: email })
  const proved = await rp.browser.press(asked, 'sign-in', { password: PASSWORD, ...keep })
  const tokens = await rp.redeem(await rp.consent(proved), started)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  return {
    id,
    rp,
    received,
    sid: tokens.claims()?.sid,
    pass: (milliseconds: number) => t.mock.timers.setTime(Date.now() + milliseconds),
    refresh: () => oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? ''),
    isSignedIn: async () =>
      answerOf(await rp.browser.open((await rp.start({ prompt: 'none' })).url)).code !== undefined,
    events: async () => (await world.events('session.ended')).filter(({ accountId }) => accountId === id),
  }
}

type SignedIn = Awaited<ReturnType<typeof signIn>>

async function assertTold({ received, rp, id, sid }: SignedIn) {
  const [request] = received
  assert.ok(request && received.length === 1, `told ${received.length} times`)
  const told = await verifyLogout(request, rp)
  assert.ok(sid)
  assert.deepEqual([told.sub, told.sid], [id, sid])
}

test('a session that was not used for an hour is over for its app too: once, with an event and without its refresh token', async (t) => {
  const person = await signIn(t)
  person.pass(HOUR - MINUTE)
  await sweep()
  assert.equal(person.received.length, 0)
  person.pass(2 * MINUTE)
  await sweep()
  await sweep()
  await assertTold(person)
  assert.deepEqual(
    (await person.events()).map(({ actor, detail }) => [actor.type, detail]),
    [['system', { reason: 'expired' }]],
  )
  await assert.rejects(person.refresh(), { error: 'invalid_grant' })
  assert.equal(await person.isSignedIn(), false)
})

test('a session that is used all the time is over for its app after a day', async (t) => {
  const person = await signIn(t)
  for (let used = 0; used < 31; used += 1) {
    person.pass(0.75 * HOUR)
    assert.ok(await person.isSignedIn())
    await sweep()
  }
  assert.equal(person.received.length, 0)
  // Within the hour that it may go unused.
  person.pass(0.8 * HOUR)
  await sweep()
  await assertTold(person)
})

test('a kept session is over for its app after two weeks without use, and not before', async (t) => {
  const person = await signIn(t, { keep: { keep: 'yes' } })
  person.pass(13 * 24 * HOUR)
  await sweep()
  assert.equal(person.received.length, 0)
  person.pass(25 * HOUR)
  await sweep()
  await assertTold(person)
})

test('what an app was granted beyond the session (offline_access) goes on when that runs out', async (t) => {
  const person = await signIn(t, { parameters: { scope: 'openid offline_access', prompt: 'consent' } })
  person.pass(HOUR + MINUTE)
  await sweep()
  await assertTold(person)
  assert.ok((await person.refresh()).refresh_token)
})

test('of a browser that nobody signed in with nothing is left, and nothing is told', async (t) => {
  const { rp, pass, received } = await signIn(t)
  pass(HOUR + MINUTE)
  await sweep()
  const [told, events] = [received.length, (await world.events('session.ended')).length]
  rp.browser = new Browser(world.issuer)
  await rp.browser.open((await rp.start()).url)
  const sessions = () => world.connection.collection('artifacts').countDocuments({ kind: 'Session' })
  await rp.browser.open('/session/end')
  assert.ok((await sessions()) > 0)
  pass(HOUR + MINUTE)
  await sweep()
  assert.equal(await sessions(), 0)
  assert.deepEqual([received.length, (await world.events('session.ended')).length], [told, events])
})
