// How much of what happened the trail keeps: strangers cannot fill it, and what is old goes.
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { mongo } from 'mongoose'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

const DAY_MS = 86_400_000
const MOST = 3
const env = { GATEHOUSE_AUDIT_ANONYMOUS_PER_MINUTE: String(MOST), GATEHOUSE_SERVER_TRUSTED_PROXIES: '127.0.0.1,::1' }
let world: World
before(async () => {
  world = await createWorld({ env })
})
after(() => world.close())

/** Time stands still, and goes on by hand. A new minute has begun. */
function takeTime(t: TestContext) {
  latest += 120_000
  t.mock.timers.enable({ apis: ['Date'], now: latest })
  return (ms: number) => {
    latest += ms
    t.mock.timers.setTime(latest)
  }
}
let latest = Date.now()

const countOfAll = async (name: Parameters<World['events']>[0]) => (await world.events(name)).length

/** Somebody at this address asks for what is refused. */
async function ask(address: string, times: number, path = '/auth?client_id=nobody', issuer = world.issuer) {
  for (let index = 0; index < times; index += 1)
    await fetch(`${issuer}${path}`, { headers: { 'x-forwarded-for': address } })
}

const repeated = async (address: string | undefined) =>
  (await world.events('event.repeated')).filter((event) => event.address === address)
const countOf = async (name: Parameters<World['events']>[0], ...addresses: string[]) =>
  (await world.events(name)).filter(({ address = '' }) => addresses.includes(address)).length

test('of what one stranger repeats within a minute so much is written down, and of the rest the number', async (t) => {
  const pass = takeTime(t)
  const startedAt = Date.now()
  await ask('192.0.2.1', MOST)
  pass(1000)
  await ask('192.0.2.1', 4)
  await ask('192.0.2.2', 1)
  assert.equal(await countOf('authorization.refused', '192.0.2.1'), MOST)
  assert.equal(await countOf('authorization.refused', '192.0.2.2'), 1)
  assert.deepEqual(await repeated('192.0.2.1'), [])

  pass(59_000)
  await ask('192.0.2.1', 1)
  const [event, ...more] = await repeated('192.0.2.1')
  const sinceAt = new Date(startedAt + 1000)
  assert.deepEqual(event?.detail, { name: 'authorization.refused', times: 4, sinceAt })
  assert.deepEqual([event?.actor, event?.accountId, more], [{ type: 'anonymous' }, undefined, []])
  assert.equal(await countOf('authorization.refused', '192.0.2.1'), MOST + 1, 'a new minute is written down again')
})

test('another kind of event has a count of its own', async (t) => {
  takeTime(t)
  await ask('192.0.2.3', MOST + 1)
  await ask('192.0.2.3', MOST + 1, '/session/end?client_id=nobody')
  assert.equal(await countOf('authorization.refused', '192.0.2.3'), MOST)
  assert.equal(await countOf('endpoint.refused', '192.0.2.3'), MOST)
})

test('the addresses of one IPv6 /64 are one stranger', async (t) => {
  const pass = takeTime(t)
  const addresses = Array.from({ length: 5 }, (_, index) => `2001:db8:1:2::${index + 1}`)
  for (const address of addresses) await ask(address, 1)
  await ask('2001:db8:1:3::1', 1)
  pass(60_000)
  await ask('192.0.2.4', 1)
  assert.equal(await countOf('authorization.refused', ...addresses), MOST)
  assert.equal(await countOf('authorization.refused', '2001:db8:1:3::1'), 1)
  const [event] = await repeated('2001:db8:1:2::/64')
  assert.equal(event?.detail.times, 2)
})

test('every failed sign-in is written down, at an account or at nobody: that takes the same time', async (t) => {
  takeTime(t)
  const { id } = await world.addAccount('ada@example.com')
  const rp = await RelyingParty.create(world)
  const failAt = async (identifier: string) => {
    const page = await rp.browser.press(await rp.browser.open((await rp.start()).url), 'continue', { identifier })
    await rp.browser.press(page, 'sign-in', { password: 'wrong' })
  }
  // Fewer than the limit of tries, which would be told instead.
  for (let index = 0; index < MOST + 1; index += 1) {
    await failAt('ada@example.com')
    await failAt('nobody@example.com')
  }
  const failed = await world.events('sign_in.failed')
  assert.equal(failed.filter(({ accountId }) => accountId === id).length, MOST + 1)
  assert.equal(failed.filter(({ accountId }) => accountId === undefined).length, MOST + 1)
})

test('tries that are not looked at any more are counted, and at an account as if it were nobody', async (t) => {
  const pass = takeTime(t)
  const { id, email } = await world.addAccount('bob@example.com')
  const rp = await RelyingParty.create(world)
  rp.browser.headers = { 'x-forwarded-for': '192.0.2.7' }
  const failAt = async (identifier: string) => {
    const page = await rp.browser.press(await rp.browser.open((await rp.start()).url), 'continue', { identifier })
    await rp.browser.press(page, 'sign-in', { password: 'wrong' })
  }
  // Five are looked at. Those at nobody take all that is written down.
  for (let index = 0; index < 5 + MOST; index += 1) await failAt('nobody-else@example.com')
  for (let index = 0; index < 5 + 2; index += 1) await failAt(email)
  pass(60_000)
  await ask('192.0.2.8', 1)
  const lookedAt = (await world.events('sign_in.failed')).filter(({ accountId }) => accountId === id).length
  const event = (await repeated('192.0.2.7')).find(({ detail }) => detail.name === 'sign_in.limited')
  const { accountId, actor, detail } = event ?? {}
  assert.deepEqual([accountId, actor, detail?.times], [undefined, { type: 'anonymous' }, 5 + 2 - lookedAt])
  const limited = (await world.events('sign_in.limited')).filter(({ address }) => address === '192.0.2.7')
  assert.equal(limited.length, MOST)
  assert.equal(limited.filter(({ accountId }) => accountId === id).length, 0)
})

test('a process that stops tells what it has counted', async (t) => {
  takeTime(t)
  const other = await createWorld({ beside: world, env })
  await ask('192.0.2.5', MOST + 2, undefined, other.issuer)
  assert.deepEqual(await repeated('192.0.2.5'), [])
  await other.close()
  const [event] = await repeated('192.0.2.5')
  assert.equal(event?.detail.times, 2)
})

test('a number that cannot be written down is in the log', async (t) => {
  const pass = takeTime(t)
  const { bulkWrite } = mongo.Collection.prototype
  await ask('192.0.2.6', MOST + 2)
  const mocked = t.mock.method(
    mongo.Collection.prototype,
    'bulkWrite',
    function (this: mongo.Collection, ...args: Parameters<typeof bulkWrite>) {
      const isTold = JSON.stringify(args[0]).includes('event.repeated')
      return isTold ? Promise.reject(new Error('no')) : bulkWrite.apply(this, args)
    },
  )
  pass(60_000)
  await ask('192.0.2.6', 1)
  await world.audit.settle()
  mocked.mock.restore()
  const line = world.log.find((text) => text.includes('192.0.2.6') && text.includes('the trail misses'))
  assert.match(line ?? '', /"times":2/)
  assert.equal(await countOf('authorization.refused', '192.0.2.6'), MOST + 1, 'nobody else is troubled')
})

test('what is older than it has to be kept is removed by whichever process is in charge, and the trail says so', async (t) => {
  await world.addAccount('old@example.com')
  const pass = takeTime(t)
  const made = await countOfAll('account.created')
  /** Lets days go by, and a process come and go, whose work ends before it does. */
  const keptAfter = async (days: number, keepDays: number) => {
    pass(days * DAY_MS)
    const other = await createWorld({ beside: world, env: { GATEHOUSE_AUDIT_KEEP_DAYS: String(keepDays) } })
    await other.close()
    return countOfAll('account.created')
  }
  assert.equal(await keptAfter(399, 400), made)
  assert.equal(await keptAfter(2, 0), made)
  assert.equal(await countOfAll('trail.shortened'), 0)
  assert.equal(await keptAfter(0, 400), 0)
  await keptAfter(0, 400)
  const [event, ...more] = await world.events('trail.shortened')
  assert.deepEqual([event?.detail.beforeAt, more], [new Date(latest - 400 * DAY_MS), []])
  assert.ok(Number(event?.detail.times) >= made)
  assert.ok(await countOfAll('signing_key.created'), 'what is newer stays')
})
