import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { env } from 'node:process'
import { after, before, type TestContext, test } from 'node:test'
import { mongo } from 'mongoose'
import * as oidc from 'openid-client'
import { hashSecret } from '../../src/platform/ids.ts'
import { Browser, type Page } from '../support/browser.ts'
import { startLogoutReceiver } from '../support/logout-receiver.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const OTHER = 'other@example.com'
const CHOSEN = 'Another horse & 7 carts'

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount(OTHER)
})
after(() => world.close())

let accounts = 0
/** Somebody who is signed in to a client that is told when sessions end. */
async function signIn(t: TestContext) {
  accounts += 1
  const { email, id } = await world.addAccount(`person${accounts}@example.com`)
  const { uri, received, manners } = await startLogoutReceiver(t)
  const rp = await RelyingParty.create(world, { backchannel_logout_uri: uri, first_party: true })
  await rp.run(email)
  return { email, id, rp, received, manners }
}

const isSignedIn = async (rp: RelyingParty) => {
  const page = await rp.browser.open((await rp.start({ prompt: 'none' })).url)
  return new URL(page.location ?? '').searchParams.has('code')
}

async function signOut(browser: Browser) {
  const [form] = (await browser.open('/session/end')).forms
  return browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
}

/** The database says no to these commands about a collection, until the returned function is called. */
function refuse(t: TestContext, name: string, commands: readonly ('deleteMany' | 'bulkWrite' | 'insertOne')[]) {
  const prototype = mongo.Collection.prototype as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const mocks = commands.map((command) => {
    const real = prototype[command]
    return t.mock.method(prototype, command, function (this: mongo.Collection, ...args: unknown[]) {
      const isDelete = command !== 'bulkWrite' || JSON.stringify(args[0]).includes('deleteOne')
      if (this.collectionName === name && isDelete) return Promise.reject(new Error('cut off'))
      return real?.apply(this, args)
    })
  })
  return () => {
    for (const { mock } of mocks) mock.restore()
  }
}

const refuseDeletes = (t: TestContext) => refuse(t, 'artifacts', ['deleteMany', 'bulkWrite'])

test('a process that is killed before it deletes the sessions has kept who is to be told', async (t) => {
  const { id, received, rp } = await signIn(t)
  const { secrets, dataDir } = world.config
  const child = spawn('node', ['test/support/cut-off-process.ts', id], {
    env: {
      PATH: env.PATH,
      NODE_ENV: 'test',
      ISSUER: world.issuer,
      DATA_DIR: dataDir,
      MONGODB_URI: world.databaseUri,
      GATEHOUSE_SECRETS_COOKIE_KEYS: secrets.cookieKeys.join(),
      GATEHOUSE_SECRETS_SEALING_KEYS: secrets.sealingKeys.join(),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
  assert.equal((await world.events('session.ended')).filter(({ accountId }) => accountId === id).length, 0)
  await world.logouts.settle()
  assert.equal(received.length, 1)

  await world.accounts.suspend(id)
  await world.logouts.settle()
  assert.equal(received.length, 1, 'it is told once, however often it is done')
  assert.equal(await isSignedIn(rp), false)
})

const endings: Record<string, (party: Awaited<ReturnType<typeof signIn>>) => Promise<unknown>> = {
  'suspending an account': ({ id }) => world.accounts.suspend(id),
  'closing an account': ({ id }) => world.accounts.close(id),
  'signing out': async ({ rp }) => assert.equal((await signOut(rp.browser)).status, 303),
  'another account in the same browser': async ({ rp }) => {
    const started = await rp.start({ prompt: 'login', login_hint: OTHER })
    const page = await rp.signIn(await rp.browser.open(started.url), OTHER)
    assert.ok(page.location)
  },
}

for (const [what, end] of Object.entries(endings)) {
  test(`${what}: a session that cannot be deleted is told of all the same, and once, however often it is tried`, async (t) => {
    const party = await signIn(t)
    const restore = refuseDeletes(t)
    await assert.rejects(end(party))
    restore()
    await world.logouts.settle()
    assert.equal(party.received.length, 1)
    await end(party)
    await world.logouts.settle()
    assert.equal(party.received.length, 1)
    const ended = (await world.events('session.ended')).filter(({ accountId }) => accountId === party.id)
    assert.equal(ended.length, 1)
  })
}

test('a new password: the other sessions are told of before they are deleted, and this one goes on', async (t) => {
  const { email, rp, received } = await signIn(t)
  const here = await RelyingParty.create(world, { first_party: true })
  await here.run(email)
  const form = await here.browser.open('/account/password')
  const restore = refuse(t, 'artifacts', ['bulkWrite'])
  assert.equal((await here.browser.press(form, 'save', { current: PASSWORD, password: CHOSEN })).status, 500)
  restore()
  await world.logouts.settle()
  assert.equal(received.length, 1)
  assert.ok(await isSignedIn(here))
  const again = await here.browser.open('/account/password')
  await here.browser.press(again, 'save', { current: CHOSEN, password: `${CHOSEN}!` })
  await world.logouts.settle()
  assert.equal(received.length, 1)
  assert.equal(await isSignedIn(rp), false)
})

test('where it cannot be kept who is to be told, nobody is signed out, and it can be tried again', async (t) => {
  const { rp, received } = await signIn(t)
  const restore = refuse(t, 'outbox', ['insertOne'])
  const answer = await signOut(rp.browser)
  assert.equal(answer.status, 500)
  restore()
  assert.ok(await isSignedIn(rp))
  await signOut(rp.browser)
  await world.logouts.settle()
  assert.equal(received.length, 1)
  assert.equal(await isSignedIn(rp), false)
})

test('after a minute nothing of it is left, and a session that lives on can be told of anew', async (t) => {
  const party = await signIn(t)
  const outbox = world.connection.collection('outbox')
  const restore = refuseDeletes(t)
  await assert.rejects(world.accounts.suspend(party.id))
  restore()
  await world.logouts.settle()
  const [trace] = await outbox.find({ kind: 'back_channel_logout' }).sort({ createdAt: -1 }).toArray()
  assert.equal(trace?.sealed, undefined)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 })
  await world.logouts.settle()
  assert.equal(await outbox.countDocuments({ _id: trace?._id }), 0)
  await world.accounts.suspend(party.id)
  await world.logouts.settle()
  assert.equal(party.received.length, 2)
})

/** Somebody whose app may go on without them: its grant does not end with the session by itself. */
async function signInOffline(t: TestContext) {
  const party = await signIn(t)
  const started = await party.rp.start({ scope: 'openid offline_access', prompt: 'consent' })
  const page = await party.rp.consent(await party.rp.browser.open(started.url))
  const { refresh_token = '' } = await party.rp.redeem(page, started)
  const isGranted = () =>
    oidc.refreshTokenGrant(party.rp.configuration, refresh_token).then(
      () => true,
      () => false,
    )
  return { ...party, isGranted }
}

for (const what of ['signing out', 'another account in the same browser']) {
  test(`${what}: what cannot be revoked keeps the session, so that it can be done once more`, async (t) => {
    const party = await signInOffline(t)
    const end = endings[what] ?? assert.fail()
    const restore = refuse(t, 'artifacts', ['deleteMany'])
    await assert.rejects(end(party))
    restore()
    assert.equal(await isSignedIn(party.rp), true)
    await end(party)
    assert.equal(await party.isGranted(), false)
    const ended = (await world.events('session.ended')).filter(({ accountId }) => accountId === party.id)
    assert.equal(ended.length, 1)
  })
}

/** The process does this just before it writes to the session of this browser for the next time. */
function beforeWrite(t: TestContext, { cookies }: Browser, work: () => Promise<unknown>) {
  const cookie = [...cookies.values()].find(({ name }) => name.endsWith('session'))
  const id = hashSecret(cookie?.value ?? '')
  const { bulkWrite } = mongo.Collection.prototype
  const mocked = t.mock.method(
    mongo.Collection.prototype,
    'bulkWrite',
    async function (this: mongo.Collection, ...args: Parameters<typeof bulkWrite>) {
      if (JSON.stringify(args[0]).includes(id)) {
        mocked.mock.restore()
        await work()
      }
      return bulkWrite.apply(this, args)
    },
  )
}

for (const [what, isTrusted] of [
  ['at once', true],
  // The session gets another id by that.
  ['by consent', false],
] as const) {
  test(`an app that joins a session ${what}, in the moment of its sign-out, is told of the end, and its grant ends`, async (t) => {
    const { rp, received } = await signIn(t)
    // Another process of the same installation, which answers while this one signs out.
    const other = await createWorld({ beside: world })
    t.after(() => other.close())
    const late = await startLogoutReceiver(t)
    const app = await RelyingParty.create(other, { backchannel_logout_uri: late.uri, first_party: isTrusted })
    const started = await app.start(isTrusted ? {} : { scope: 'openid offline_access', prompt: 'consent' })
    const [form] = (await rp.browser.open('/session/end')).forms
    app.browser = new Browser(other.issuer)
    for (const [key, cookie] of rp.browser.cookies) app.browser.cookies.set(key, cookie)
    let answer: Page | undefined
    beforeWrite(t, rp.browser, async () => {
      answer = await app.consent(await app.browser.open(started.url))
    })
    await rp.browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
    assert.ok(answer && answerOf(answer).code, 'it joined')
    await world.logouts.settle()
    assert.deepEqual([received.length, late.received.length], [1, 1])
    await assert.rejects(app.redeem(answer, started), { error: 'invalid_grant' })
  })
}
