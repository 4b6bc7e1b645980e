import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { type LogoutAnswer, startLogoutReceiver, verifyLogout } from '../support/logout-receiver.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())

let accounts = 0
async function addAccount() {
  accounts += 1
  const email = `person${accounts}@example.com`
  return world.addAccount(email)
}

/** Comes to this relying party in a browser that may be signed in already. */
async function visit(rp: RelyingParty, email: string) {
  const started = await rp.start()
  const page = await rp.browser.open(started.url)
  const isKnown = page.forms.some(({ actions }) => actions.includes('allow'))
  const tokens = await rp.redeem(await (isKnown ? rp.consent(page) : rp.signIn(page, email)), started)
  return tokens.claims()
}

/** A relying party that is told when sessions end. */
async function createListening(t: TestContext, answer: LogoutAnswer = 200) {
  const receiver = await startLogoutReceiver(t, answer)
  const rp = await RelyingParty.create(world, { backchannel_logout_uri: receiver.uri })
  return { ...receiver, rp }
}

/** What the trail says of this person's clients. */
async function told(id: string, outcome: 'delivered' | 'failed') {
  const events = await world.events(`back_channel_logout.${outcome}`)
  return events
    .filter(({ accountId }) => accountId === id)
    .map(({ clientId, detail }) => ({ clientId, ...detail }) as Record<string, unknown>)
}

/** What is still to be told. */
const waiting = () => {
  const unsent = { kind: 'back_channel_logout', sealed: { $exists: true } }
  return world.connection.collection('outbox').find(unsent).toArray()
}

async function signOut(rp: RelyingParty, query = '') {
  const confirm = await rp.browser.open(`/session/end${query}`)
  const [form] = confirm.forms
  return rp.browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
}

test('discovery says that clients are told, with the session', async () => {
  const metadata = (await (await fetch(`${world.issuer}/.well-known/openid-configuration`)).json()) as object
  const { backchannel_logout_supported, backchannel_logout_session_supported } = metadata as Record<string, unknown>
  assert.deepEqual([backchannel_logout_supported, backchannel_logout_session_supported], [true, true])
})

test('signing out tells every client of the session, each with its own token for the session it knows', async (t) => {
  const { email, id } = await addAccount()
  const [one, other] = [await createListening(t), await createListening(t, 204)]
  const silent = await RelyingParty.create(world)
  const uninvolved = await createListening(t)
  const sids = new Set<unknown>()
  for (const { rp } of [one, other]) {
    rp.browser = silent.browser
    sids.add((await visit(rp, email))?.sid)
  }
  const unheard = (await visit(silent, email))?.sid
  assert.ok(unheard && !sids.has(unheard), 'named for this client alone')
  await signOut(silent)
  await world.logouts.settle()
  const named = new Set<unknown>()
  for (const { rp, received } of [one, other]) {
    assert.equal(received.length, 1)
    const [request] = received
    assert.ok(request)
    const { sub, sid } = await verifyLogout(request, rp)
    assert.equal(sub, id)
    named.add(sid)
  }
  assert.equal(named.size, 2)
  assert.deepEqual(named, sids)
  assert.equal(uninvolved.received.length, 0)
  const delivered = await told(id, 'delivered')
  assert.deepEqual(new Set(delivered.map(({ clientId }) => clientId)), new Set([one.rp.clientId, other.rp.clientId]))
})

test('a client that signs the person out is told too, and the browser comes back to it', async (t) => {
  const { email } = await addAccount()
  const { rp, received } = await createListening(t)
  const tokens = await rp.run(email)
  const query = new URLSearchParams({
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: 'https://rp.example/',
    state: 'kept',
  })
  assert.equal((await signOut(rp, `?${query}`)).location, 'https://rp.example/?state=kept')
  await world.logouts.settle()
  assert.equal(received.length, 1)
})

test('whoever stays signed in here leaves the client that asked, and no other', async (t) => {
  const { email } = await addAccount()
  const [asking, other] = [await createListening(t), await createListening(t)]
  const tokens = await asking.rp.run(email)
  other.rp.browser = asking.rp.browser
  await visit(other.rp, email)
  const confirm = await asking.rp.browser.open(`/session/end?id_token_hint=${tokens.id_token}`)
  const [form] = confirm.forms
  await asking.rp.browser.post(form?.action ?? '', { ...form?.fields })
  await world.logouts.settle()
  assert.deepEqual([asking.received.length, other.received.length], [1, 0])
})

test('another account that signs in ends the session of the first', async (t) => {
  const [first, second] = [await addAccount(), await addAccount()]
  const { rp, received } = await createListening(t)
  const sid = (await visit(rp, first.email))?.sid
  const started = await rp.start({ prompt: 'login', login_hint: second.email })
  const page = await rp.browser.open(started.url)
  await rp.signIn(page, second.email)
  await world.logouts.settle()
  assert.equal(received.length, 1)
  const [request] = received
  assert.ok(request)
  const payload = await verifyLogout(request, rp)
  assert.deepEqual([payload.sub, payload.sid], [first.id, sid])
})

for (const [what, end] of [
  ['suspending', (id: string) => world.accounts.suspend(id)],
  ['closing', (id: string) => world.accounts.close(id)],
] as const) {
  test(`${what} an account ends all of its sessions for all of their clients`, async (t) => {
    const { email, id } = await addAccount()
    const [laptop, phone] = [await createListening(t), await createListening(t)]
    const sid = (await laptop.rp.run(email)).claims()?.sid
    await phone.rp.run(email)
    await end(id)
    await world.logouts.settle()
    for (const { rp, received } of [laptop, phone]) {
      assert.equal(received.length, 1)
      assert.equal(decodeJwt(received[0]?.fields.logout_token ?? '').sub, id)
      assert.equal(decodeJwt(received[0]?.fields.logout_token ?? '').aud, rp.clientId)
    }
    assert.equal(decodeJwt(laptop.received[0]?.fields.logout_token ?? '').sid, sid)
  })
}

test('a client that does not answer holds nobody up, and gets five seconds', async (t) => {
  const { email, id } = await addAccount()
  const [slow, quick] = [await createListening(t, 'never'), await createListening(t)]
  await visit(slow.rp, email)
  quick.rp.browser = slow.rp.browser
  await visit(quick.rp, email)
  const started = performance.now()
  await signOut(slow.rp)
  assert.ok(performance.now() - started < 4900, 'the person has an answer')
  await world.logouts.settle()
  const took = performance.now() - started
  assert.ok(took > 4900 && took < 14_000, `it took ${took} ms`)
  assert.equal(quick.received.length, 1)
  assert.deepEqual(await told(id, 'failed'), [])
  assert.ok(world.log.some((line) => line.includes('tried again') && line.includes(slow.rp.clientId)))
  await world.connection.collection('outbox').deleteMany({})
})

test('a client that was away is told when it is back, by a token made then', async (t) => {
  const { email, id } = await addAccount()
  const { rp, received, manners } = await createListening(t, 503)
  const sid = (await visit(rp, email))?.sid
  await signOut(rp)
  await world.logouts.settle()
  assert.equal(received.length, 1)
  const [kept] = await waiting()
  assert.doesNotMatch(JSON.stringify(kept), new RegExp([id, rp.clientId, sid].join('|')))
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 10_000 })
  await world.logouts.settle()
  assert.equal(received.length, 1, 'not before some seconds have gone by')

  manners.answer = 200
  t.mock.timers.setTime(Date.now() + 20_000)
  await world.logouts.settle()
  const [first, second] = await Promise.all(received.map((request) => verifyLogout(request, rp)))
  assert.deepEqual([second?.sub, second?.sid], [id, sid])
  assert.notEqual(second?.jti, first?.jti)
  assert.ok(Number(second?.iat) >= Number(first?.iat) + 30)
  assert.deepEqual(await told(id, 'delivered'), [{ clientId: rp.clientId, tries: 2 }])
  assert.deepEqual(await waiting(), [])
})

test('what one process could not deliver another does, and only one of them', async (t) => {
  const gone = await createWorld({ beside: world })
  const { email, id } = await addAccount()
  const { rp, received, manners } = await createListening(t, 503)
  await visit(rp, email)
  await gone.accounts.suspend(id)
  await gone.logouts.settle()
  await gone.close()
  const other = await createWorld({ beside: world })
  t.after(() => other.close())
  manners.answer = 204
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 })
  await Promise.all([world.logouts.settle(), other.logouts.settle()])
  assert.equal(received.length, 2)
  assert.deepEqual(await told(id, 'delivered'), [{ clientId: rp.clientId, tries: 2 }])
})

test('redirects are not followed; a client that never takes it is given up, and the trail says so', async (t) => {
  const { email, id } = await addAccount()
  const unwilling = await Promise.all([302, 400, 500].map((status) => createListening(t, status)))
  const [first] = unwilling
  assert.ok(first)
  for (const { rp } of unwilling) {
    rp.browser = first.rp.browser
    await visit(rp, email)
  }
  await signOut(first.rp)
  const startedAt = Date.now()
  t.mock.timers.enable({ apis: ['Date'], now: startedAt })
  await world.logouts.settle()
  while ((await waiting()).length > 0) {
    t.mock.timers.setTime(Date.now() + 60_000)
    await world.logouts.settle()
  }
  assert.ok(Date.now() - startedAt < 3600_000)
  const reasons = (await told(id, 'failed')).map(({ reason, tries }) => `${reason} ${tries}`)
  assert.deepEqual(reasons.sort(), ['status_302 8', 'status_400 8', 'status_500 8'])
  for (const { received } of unwilling) assert.equal(received.length, 8)
})

test('a client that is deleted meanwhile is left alone', async (t) => {
  const { email, id } = await addAccount()
  const { rp, received } = await createListening(t, 500)
  await visit(rp, email)
  await signOut(rp)
  await world.logouts.settle()
  await world.clients.delete(rp.clientId, 'cli')
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 })
  await world.logouts.settle()
  assert.equal(received.length, 1)
  assert.deepEqual(await told(id, 'failed'), [{ clientId: rp.clientId, reason: 'client_gone', tries: 1 }])
})

test('private addresses are not told unless the operator allows them', async (t) => {
  const careful = await createWorld({ env: { GATEHOUSE_OUTBOUND_ALLOWED_PRIVATE_ADDRESSES: '192.0.2.0/24' } })
  t.after(() => careful.close())
  const { id } = await careful.addAccount('ada@example.com')
  const { uri, received } = await startLogoutReceiver(t)
  const rp = await RelyingParty.create(careful, { backchannel_logout_uri: uri })
  await rp.run('ada@example.com')
  await careful.accounts.suspend(id)
  await careful.logouts.settle()
  assert.equal(received.length, 0)
  assert.equal((await careful.events('back_channel_logout.failed'))[0]?.detail.reason, 'address_refused')
})

test('closing the program waits for clients that are being told', async (t) => {
  const short = await createWorld()
  const { id } = await short.addAccount('ada@example.com')
  const { uri, received } = await startLogoutReceiver(t)
  const rp = await RelyingParty.create(short, { backchannel_logout_uri: uri })
  await rp.run('ada@example.com')
  await short.accounts.suspend(id)
  await short.close()
  assert.equal(received.length, 1)
})

test('the ID tokens that a refresh gives name the same session', async (t) => {
  const { email } = await addAccount()
  const { rp } = await createListening(t)
  const tokens = await rp.run(email)
  const refreshed = await oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? '')
  assert.ok(refreshed.claims()?.sid)
  assert.equal(refreshed.claims()?.sid, tokens.claims()?.sid)
})
