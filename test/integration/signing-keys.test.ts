import assert from 'node:assert/strict'
import { createPublicKey, verify as verifySignature } from 'node:crypto'
import { after, before, mock, test } from 'node:test'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

const DAY_MS = 86_400_000
const DEMO = 'https://demo-api.example'

let world: World
let other: World
before(async () => {
  // Two processes at once on an empty database.
  world = await createWorld()
  other = await createWorld({ beside: world })
  await world.addAccount('ada@example.com')
})
after(async () => {
  await other.close()
  await world.close()
})

const readKeys = async ({ issuer }: World) => (await (await fetch(`${issuer}/jwks`)).json()) as JSONWebKeySet
const kidsOf = async (at: World) => (await readKeys(at)).keys.map(({ kid = '' }) => kid).sort()
const listKids = async (state?: string) =>
  (await world.keys.list()).filter((key) => !state || key.state === state).map(({ kid }) => kid)
const current = async (alg: string) =>
  (await world.keys.list()).filter((key) => key.alg === alg && key.state === 'current').map(({ kid }) => kid)

/** Resolves once it is so; asking again is what it waits with. */
async function until(is: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await is())) assert.ok(performance.now() < deadline, otherwise)
}

/** Resolves once a process publishes what is stored. */
async function follows(at: World): Promise<void> {
  const stored = (await listKids()).sort().join()
  await until(async () => (await kidsOf(at)).join() === stored, 'the process has not followed')
}

/** Makes these changes, none of which is kept before every one has seen the same keys. */
async function allAtOnce(alg: string, changes: readonly (() => Promise<void>)[]): Promise<void> {
  const { connection } = world
  const [keysets, admin] = [connection.collection<{ _id: string }>('keysets'), connection.getClient().db('admin')]
  const session = await connection.startSession()
  session.startTransaction()
  // Others can read it, and have to wait with their writes.
  await keysets.updateOne({ _id: alg }, { $set: { isHeld: true } }, { session })
  const made = Promise.all(changes.map((change) => change()))
  const stages = [{ $currentOp: {} }, { $match: { ns: `${connection.name}.keysets`, op: 'update' } }]
  const waiting = async () => (await admin.aggregate(stages, { readConcern: 'local' }).toArray()).length
  await until(async () => (await waiting()) >= changes.length, 'somebody has nothing to change').finally(async () => {
    await session.abortTransaction()
    await session.endSession()
  })
  await made
}

test('processes that start at once on an empty database make one key of each algorithm', async () => {
  const first = await createWorld()
  try {
    await first.connection.collection('keysets').deleteMany({})
    const many = await Promise.all(Array.from({ length: 3 }, () => createWorld({ beside: first })))
    const published = await Promise.all(many.map(kidsOf))
    for (const one of many) await one.close()
    assert.equal(new Set(published.map(String)).size, 1)
    assert.equal(published[0]?.length, 2)
    const created = await first.events('signing_key.created')
    assert.equal(created.length, 4)
  } finally {
    await first.close()
  }
})

test('the published keys are public, distinct and named, and may be kept for less than they are announced ahead', async () => {
  const answer = await fetch(`${world.issuer}/jwks`)
  const { keys } = (await answer.json()) as JSONWebKeySet
  assert.deepEqual(keys.map(({ alg }) => alg).sort(), ['ES256', 'RS256'])
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length)
  for (const key of keys) {
    const secret = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'].filter((name) => name in key)
    assert.deepEqual(secret, [])
    assert.equal(key.use, 'sig')
    assert.ok(createPublicKey({ key: { ...key }, format: 'jwk' }).asymmetricKeyType)
  }
  const seconds = Number(/^public, max-age=(\d+)$/.exec(answer.headers.get('cache-control') ?? '')?.[1])
  assert.ok(seconds > 0 && seconds < world.config.keys.publishAheadDays * 86_400)
})

test('the stored private keys are sealed', async () => {
  const stored = JSON.stringify(await world.connection.collection('keysets').find().toArray())
  assert.match(stored, /"sealed":"v1\./)
  assert.doesNotMatch(stored, /"(d|p|q|dp|dq|qi)":/)
})

test('a key that is to sign is published first, and every process follows without a restart', async () => {
  const [before] = await current('RS256')
  await world.keys.rotate({ alg: 'RS256', isImmediate: false })
  await Promise.all([follows(world), follows(other)])
  assert.equal((await kidsOf(other)).length, 3)
  assert.deepEqual(await current('RS256'), [before])
  const rp = await RelyingParty.create(other)
  const { id_token = '' } = await rp.run('ada@example.com')
  assert.equal(decodeProtectedHeader(id_token).kid, before)
})

test('what was signed before a rotation stays good while its key is published, and not after', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const rp = await RelyingParty.create(other)
  const { id_token = '' } = await rp.run('ada@example.com')
  const [old = ''] = await current('RS256')
  await world.keys.rotate({ isImmediate: true })
  await Promise.all([follows(world), follows(other)])
  const [now = ''] = await current('RS256')
  assert.notEqual(now, old)

  const { payload } = await jwtVerify(id_token, createLocalJWKSet(await readKeys(other)))
  assert.equal(payload.iss, other.issuer)
  const hinted = async () => {
    const { url } = await rp.start({ id_token_hint: id_token, prompt: 'none' })
    return new URL((await rp.browser.open(url)).location ?? '').searchParams
  }
  assert.ok((await hinted()).get('code'))
  const again = await rp.run('ada@example.com', { prompt: 'login' })
  assert.equal(decodeProtectedHeader(again.id_token ?? '').kid, now)

  t.mock.timers.tick(15 * DAY_MS)
  await world.keys.advance()
  await Promise.all([follows(world), follows(other)])
  assert.ok(!(await kidsOf(other)).includes(old))
  assert.equal((await hinted()).get('error'), 'invalid_request')
  const sealed = JSON.stringify(await world.connection.collection('keysets').find().toArray())
  assert.ok(!sealed.includes(old))
})

test('two that rotate at once end with one current key, and one rotation', async () => {
  const before =
    (await world.events('signing_key.promoted')).length + (await world.events('signing_key.created')).length
  const [old] = await current('ES256')
  const rotate = (at: World) => () => at.keys.rotate({ alg: 'ES256', isImmediate: true })
  await allAtOnce('ES256', [world, other, world, other].map(rotate))
  const keys = await current('ES256')
  assert.equal(keys.length, 1)
  assert.notEqual(keys[0], old)
  const after = (await world.events('signing_key.promoted')).length + (await world.events('signing_key.created')).length
  assert.equal(after - before, 1)
  await Promise.all([follows(world), follows(other)])
})

test('a key that others know is ended at once: no process signs with it or believes it', async () => {
  const machine = {
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    api_permissions: { [DEMO]: ['read:posts'] },
  }
  const [rp, service] = [await RelyingParty.create(other), await RelyingParty.create(other, machine)]
  const takeJwt = async () =>
    (await oidc.clientCredentialsGrant(service.configuration, { resource: DEMO })).access_token
  const isActive = async (jwt: string) => (await oidc.tokenIntrospection(service.configuration, jwt)).active
  const { id_token = '' } = await rp.run('ada@example.com')
  const before = await takeJwt()
  assert.equal(await isActive(before), true)
  const stolen = [id_token, before].map((token) => decodeProtectedHeader(token).kid ?? '')

  for (const kid of stolen) await world.keys.revoke(kid)
  await Promise.all([follows(world), follows(other)])
  assert.equal((await listKids()).filter((kid) => stolen.includes(kid)).length, 0)
  assert.equal(await isActive(before), false)
  const hinted = await rp.browser.open((await rp.start({ id_token_hint: id_token, prompt: 'none' })).url)
  assert.equal(new URL(hinted.location ?? '').searchParams.get('error'), 'invalid_request')
  const after = await takeJwt()
  assert.equal(await isActive(after), true)
  assert.ok((await current('ES256')).includes(decodeProtectedHeader(after).kid ?? ''))
  const sealed = JSON.stringify(await world.connection.collection('keysets').find().toArray())
  assert.ok(stolen.every((kid) => !sealed.includes(kid)))

  const told = (await world.events('signing_key.revoked')).map(({ detail }) => detail.kid)
  assert.deepEqual(told.sort(), stolen.sort())
  await assert.rejects(world.keys.revoke(stolen[0] ?? ''), { code: 'signing_key.unknown' })
})

test('of two who end the same key one does', async () => {
  const [stolen = ''] = await current('ES256')
  await Promise.allSettled([world, other, world].map(({ keys }) => keys.revoke(stolen)))
  assert.equal((await current('ES256')).length, 1)
  const told = (await world.events('signing_key.revoked')).filter(({ detail }) => detail.kid === stolen)
  assert.equal(told.length, 1)
  await Promise.all([follows(world), follows(other)])
})

test('the calendar rotates by itself, one process for all, and every step is in the trail', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const [old = ''] = await current('ES256')
  t.mock.timers.tick(77 * DAY_MS)
  await Promise.all([world.keys.advance(), other.keys.advance()])
  const [next = ''] = (await world.keys.list())
    .filter((key) => key.alg === 'ES256' && key.state === 'next')
    .map(({ kid }) => kid)
  t.mock.timers.tick(15 * DAY_MS)
  await Promise.all([world.keys.advance(), other.keys.advance()])
  assert.deepEqual(await current('ES256'), [next])
  t.mock.timers.tick(15 * DAY_MS)
  await Promise.all([world.keys.advance(), other.keys.advance()])
  assert.ok(!(await listKids()).includes(old))

  const told = async (kid: string) => {
    const all = await world.events()
    return all
      .filter(({ name, detail }) => name.startsWith('signing_key.') && detail.kid === kid)
      .map(({ name, detail }) => `${name} ${detail.via}`)
      .sort()
  }
  assert.deepEqual(await told(next), ['signing_key.created schedule', 'signing_key.promoted schedule'])
  assert.deepEqual((await told(old)).slice(-2), ['signing_key.removed schedule', 'signing_key.retired schedule'])
})

test('a program that was started does all of that unasked: it announces, signs and forgets as the days go by', async (t) => {
  // Two clocks: days go by on the one, and on the other the minute after which the calendar is looked at again.
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const alone = await createWorld()
  t.after(() => alone.close())
  const states = async () =>
    (await alone.keys.list())
      .filter(({ alg }) => alg === 'ES256')
      .map(({ kid, state }) => ({ kid, state }))
      .sort((one, other) => one.state.localeCompare(other.state))
  const [first] = await states()
  assert.equal(first?.state, 'current')
  // A look that begins while the first one is taking the lease may be passed over, and there is no other here.
  const leases = alone.connection.collection<{ _id: string }>('leases')
  await until(async () => (await leases.countDocuments({ _id: 'signing-keys' })) > 0, 'nobody is in charge')

  /** Lets days go by, and one look at the calendar happen. Resolves when the keys and what is published are so. */
  async function pass(days: number, expected: string): Promise<void> {
    t.mock.timers.tick(days * DAY_MS)
    mock.timers.tick(60_000)
    const isThere = async () => (await states()).map(({ state }) => state).join(' ') === expected
    const isPublished = async () => {
      const published = await kidsOf(alone)
      const stored = (await alone.keys.list()).map(({ kid }) => kid).sort()
      return published.join() === stored.join()
    }
    await until(async () => (await isThere()) && (await isPublished()), `not so after ${days} days: ${expected}`)
  }
  await pass(77, 'current next')
  const next = (await states()).find(({ state }) => state === 'next')?.kid
  assert.deepEqual((await states())[0], first)
  await pass(14, 'current previous')
  assert.equal((await states())[0]?.kid, next)
  await pass(15, 'current')
  assert.equal((await states())[0]?.kid, next)
  assert.ok(!(await kidsOf(alone)).includes(first.kid))
})

test('EdDSA is there when it is asked for, and its keys are kept for a while when it is not any more', async () => {
  const withEdDsa = await createWorld({ env: { GATEHOUSE_KEYS_ALGORITHMS: 'RS256,ES256,EdDSA' } })
  try {
    await withEdDsa.addAccount('ada@example.com')
    const rp = await RelyingParty.create(withEdDsa, { id_token_signed_response_alg: 'EdDSA' })
    const { id_token = '' } = await rp.run('ada@example.com')
    assert.equal(decodeProtectedHeader(id_token).alg, 'EdDSA')
    const [head, body, signature = ''] = id_token.split('.')
    const key = (await readKeys(withEdDsa)).keys.find(({ alg }) => alg === 'EdDSA')
    const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' })
    const data = Buffer.from(`${head}.${body}`)
    assert.ok(verifySignature(null, data, publicKey, Buffer.from(signature, 'base64url')))

    const without = await createWorld({ beside: withEdDsa })
    try {
      await without.keys.advance()
      const states = (await without.keys.list()).filter(({ alg }) => alg === 'EdDSA').map(({ state }) => state)
      assert.deepEqual(states, ['previous'])
      await assert.rejects(without.keys.rotate({ alg: 'EdDSA', isImmediate: true }), {
        code: 'signing_key.algorithm_unknown',
      })
    } finally {
      await without.close()
    }
  } finally {
    await withEdDsa.close()
  }
})
