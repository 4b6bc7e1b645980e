import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
let rp: RelyingParty
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_SERVER_TRUSTED_PROXIES: '127.0.0.1,::1' } })
  for (const name of ['ada', 'bob', 'eve']) await world.addAccount(`${name}@example.com`)
  rp = await RelyingParty.create(world, { first_party: true })
})
beforeEach(async () => {
  await world.connection.collection('rate_limits').deleteMany({})
})
after(() => world.close())

/** Tries a password from this address, and shows what comes. */
async function attempt(identifier: string, password: string, address: string): Promise<Page> {
  rp.browser = new Browser(world.issuer)
  rp.browser.headers = { 'x-forwarded-for': address }
  const { url } = await rp.start()
  const page = await rp.browser.press(await rp.browser.open(url), 'continue', { identifier })
  return rp.browser.press(page, 'sign-in', { password })
}

const isFailed = (page: Page) => page.status === 200 && page.text.includes('That did not match')
const isPaused = (page: Page) => page.status === 429 && page.heading === 'Too many tries'

test('five failures for an identifier are answered, the sixth try has to wait, the right password too', async () => {
  for (let count = 0; count < 5; count += 1)
    assert.ok(isFailed(await attempt('ada@example.com', 'wrong', `192.0.2.${count}`)))
  const paused = await attempt('ada@example.com', 'wrong', '192.0.2.50')
  assert.ok(isPaused(paused))
  assert.ok(Number(paused.headers.get('retry-after')) > 0)
  assert.ok(isPaused(await attempt('ADA@example.com', PASSWORD, '192.0.2.51')))
  assert.ok(answerOf(await attempt('bob@example.com', PASSWORD, '192.0.2.51')).code)
  assert.ok((await world.events('sign_in.limited')).length >= 2)
})

test('an identifier without an account is counted and answered just the same', async () => {
  for (let count = 0; count < 5; count += 1)
    assert.ok(isFailed(await attempt('nobody@example.com', 'wrong', `192.0.2.${count}`)))
  assert.ok(isPaused(await attempt('nobody@example.com', 'wrong', '192.0.2.50')))
})

test('ten failures from an address are answered, the eleventh has to wait, whoever is tried', async () => {
  for (let count = 0; count < 10; count += 1)
    assert.ok(isFailed(await attempt(`person${count}@example.com`, 'wrong', '198.51.100.7')))
  assert.ok(isPaused(await attempt('eve@example.com', 'wrong', '198.51.100.7')))
  assert.ok(isPaused(await attempt('eve@example.com', PASSWORD, '198.51.100.7')))
  assert.ok(answerOf(await attempt('eve@example.com', PASSWORD, '198.51.100.8')).code)
})

test('one IPv6 household counts as one address', async () => {
  for (let count = 0; count < 10; count += 1)
    assert.ok(isFailed(await attempt(`guest${count}@example.com`, 'wrong', `2001:db8:1:2::${count + 1}`)))
  assert.ok(isPaused(await attempt('eve@example.com', 'wrong', '2001:db8:1:2:ffff::1')))
  assert.ok(isFailed(await attempt('eve@example.com', 'wrong', '2001:db8:1:3::1')))
})

test('a success starts the identifier afresh, and not the address', async () => {
  for (let count = 0; count < 4; count += 1)
    assert.ok(isFailed(await attempt('ada@example.com', 'wrong', '203.0.113.9')))
  assert.ok(answerOf(await attempt('ada@example.com', PASSWORD, '203.0.113.9')).code)
  for (let count = 0; count < 5; count += 1)
    assert.ok(isFailed(await attempt('ada@example.com', 'wrong', '203.0.113.9')))
  assert.ok(isFailed(await attempt('bob@example.com', 'wrong', '203.0.113.9')))
  assert.ok(isPaused(await attempt('bob@example.com', 'wrong', '203.0.113.9')), 'the address had ten failures by now')
})

test('parallel tries do not slip through', async () => {
  const tries = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const browser = new Browser(world.issuer)
      browser.headers = { 'x-forwarded-for': `192.0.2.${100 + index}` }
      const { url } = await rp.start()
      const page = await browser.press(await browser.open(url), 'continue', { identifier: 'eve@example.com' })
      return browser.press(page, 'sign-in', { password: 'wrong' })
    }),
  )
  assert.equal(tries.filter(isFailed).length, 5)
  assert.equal(tries.filter(isPaused).length, 7)
})

test('after the window one may try again', async (t) => {
  for (let count = 0; count < 6; count += 1) await attempt('bob@example.com', 'wrong', `192.0.2.${count}`)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 301_000 })
  assert.ok(answerOf(await attempt('bob@example.com', PASSWORD, '192.0.2.1')).code)
})

test('when too many passwords wait to be checked, the answer is 503 with Retry-After, and no try is counted', async () => {
  const small = await createWorld({
    env: {
      GATEHOUSE_SIGN_IN_PASSWORD_HASHING_CONCURRENCY: '1',
      GATEHOUSE_SIGN_IN_PASSWORD_HASHING_QUEUE_LIMIT: '0',
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_MEMORY_KIB: '65536',
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_PASSES: '4',
    },
  })
  try {
    await small.addAccount('ada@example.com')
    const party = await RelyingParty.create(small, { first_party: true })
    const ready = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const browser = new Browser(small.issuer)
        const { url } = await party.start()
        return {
          browser,
          page: await browser.press(await browser.open(url), 'continue', { identifier: 'ada@example.com' }),
        }
      }),
    )
    const sent = await Promise.all(
      ready.map(({ browser, page }) => browser.send(page, 'sign-in', { password: PASSWORD })),
    )
    const busy = sent.filter(({ status }) => status === 503)
    assert.ok(busy.length > 0 && busy.length < 5)
    for (const page of busy) assert.ok(Number(page.headers.get('retry-after')) >= 1)
    assert.equal((await small.events('sign_in.deferred')).length, busy.length)
    assert.equal((await small.events('sign_in.limited')).length, 0)
  } finally {
    await small.close()
  }
})
