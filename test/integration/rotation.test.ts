import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as oidc from 'openid-client'
import { newSecret } from '../../src/platform/ids.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { startStorageProcess } from '../support/storage.ts'
import { createWorld, type World } from '../support/world.ts'

const [sealingKey, olderKey] = [newSecret(), newSecret()]
let world: World
before(async () => {
  const env = {
    GATEHOUSE_SECRETS_SEALING_KEYS: `${sealingKey},${olderKey}`,
    GATEHOUSE_SERVER_TRUSTED_PROXIES: '127.0.0.1,::1',
  }
  world = await createWorld({ env })
  await world.addAccount('ada@example.com')
})
after(() => world.close())

/** A client, and the refresh token of somebody who has just signed in. */
async function signedIn(metadata: Record<string, unknown> = {}) {
  const rp = await RelyingParty.create(world, metadata)
  const tokens = await rp.run('ada@example.com')
  return { rp, tokens, first: tokens.refresh_token ?? '' }
}

const refresh = (rp: RelyingParty, token = '') => oidc.refreshTokenGrant(rp.configuration, token)
/** By UserInfo, which a public client may ask as well. */
const isActive = async ({ world: { issuer } }: RelyingParty, token = '') => {
  const { status } = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${token}` } })
  return status === 200
}

/** From now on this client calls from this address. */
function callFrom(rp: RelyingParty, address: string): void {
  rp.configuration[oidc.customFetch] = (url, { headers, ...init }) =>
    fetch(url, { ...init, headers: { ...headers, 'x-forwarded-for': address } } as RequestInit)
}

const liveRefreshTokens = () =>
  world.connection.collection('artifacts').countDocuments({ kind: 'RefreshToken', consumedAt: { $exists: false } })

for (const [who, metadata] of [
  ['a public client', {}],
  ['a confidential client', { token_endpoint_auth_method: 'client_secret_basic' }],
] as const) {
  describe(who, () => {
    test('rotates: each refresh token is followed by another one', async () => {
      const { rp, first } = await signedIn(metadata)
      const second = await refresh(rp, first)
      const third = await refresh(rp, second.refresh_token)
      assert.equal(new Set([first, second.refresh_token, third.refresh_token]).size, 3)
      assert.ok((await refresh(rp, third.refresh_token)).refresh_token)
      await assert.rejects(refresh(rp, first), { error: 'invalid_grant' })
    })

    test('that retries gets the same successor, and access tokens that work', async (t) => {
      const { rp, first } = await signedIn(metadata)
      const beforeUse = Date.now()
      const once = await refresh(rp, first)
      // However long that took, it was not longer ago.
      t.mock.timers.enable({ apis: ['Date'], now: beforeUse + 29_000 })
      const again = await refresh(rp, first)
      assert.equal(again.refresh_token, once.refresh_token)
      assert.notEqual(again.access_token, once.access_token)
      for (const token of [once.access_token, again.access_token]) assert.equal(await isActive(rp, token), true)
      const next = await refresh(rp, again.refresh_token)
      assert.notEqual(next.refresh_token, again.refresh_token)
    })

    test('that retries 20 times at once gets one and the same successor', async () => {
      const { rp, first } = await signedIn(metadata)
      const before = await liveRefreshTokens()
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(rp, first)))
      assert.equal(new Set(answers.map(({ refresh_token }) => refresh_token)).size, 1)
      assert.equal(await liveRefreshTokens(), before)
      assert.ok((await refresh(rp, answers[0]?.refresh_token)).refresh_token)
    })
  })
}

test('after the grace time using it again ends the family, its access tokens too, and the trail knows both addresses', async (t) => {
  const { rp, first, tokens } = await signedIn()
  callFrom(rp, '203.0.113.7')
  const next = await refresh(rp, first)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 31_000 })
  callFrom(rp, '198.51.100.66')
  await assert.rejects(refresh(rp, first), { error: 'invalid_grant' })
  for (const token of [tokens.access_token, next.access_token, next.refresh_token]) {
    assert.equal(await isActive(rp, token), false)
  }
  await assert.rejects(refresh(rp, next.refresh_token), { error: 'invalid_grant' })
  const [event] = await world.events('token.reused')
  assert.equal(event?.clientId, rp.clientId)
  assert.equal(event?.address, '198.51.100.66')
  assert.equal(event?.detail.firstAddress, '203.0.113.7')
  assert.ok(event?.detail.firstUsedAt instanceof Date)
  assert.equal(event?.accountId, tokens.claims()?.sub)
})

test('once the successor was used, the one before it is reuse, grace time or not', async () => {
  const { rp, first } = await signedIn()
  const second = await refresh(rp, first)
  const third = await refresh(rp, second.refresh_token)
  await assert.rejects(refresh(rp, first), { error: 'invalid_grant' })
  assert.equal(await isActive(rp, third.access_token), false)
  await assert.rejects(refresh(rp, third.refresh_token), { error: 'invalid_grant' })
})

test('another client gets nothing by it, and does the family no harm', async () => {
  const { rp, first } = await signedIn()
  const other = await RelyingParty.create(world)
  const next = await refresh(rp, first)
  await assert.rejects(refresh(other, first), { error: 'invalid_grant' })
  await assert.rejects(refresh(other, next.refresh_token), { error: 'invalid_grant' })
  assert.ok((await refresh(rp, next.refresh_token)).refresh_token)
})

test('a retry gets the same successor although the sealing keys were changed in between', async () => {
  const { rp, first } = await signedIn()
  // The first use is by a process that still seals with what is the older key here.
  const env = { GATEHOUSE_SECRETS_SEALING_KEYS: `${olderKey},${sealingKey}` }
  const older = await createWorld({ beside: world, env })
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: first, client_id: rp.clientId })
  const answer = await fetch(`${older.issuer}/token`, { method: 'POST', body })
  await older.close()
  const once = (await answer.json()) as { refresh_token: string }
  assert.equal((await refresh(rp, first)).refresh_token, once.refresh_token)
  assert.ok((await refresh(rp, once.refresh_token)).refresh_token)
})

test('a process that is killed between consume and save: a retry in time goes on, and there are never two', async () => {
  const { rp, first } = await signedIn()
  const killed = await startStorageProcess(world.databaseUri, sealingKey)
  const before = await liveRefreshTokens()
  assert.equal(await killed.run({ verb: 'consume', kind: 'RefreshToken', id: first, times: 1 }), 1)
  await killed.kill()
  assert.equal(await liveRefreshTokens(), before - 1)
  const [one, two] = await Promise.all([refresh(rp, first), refresh(rp, first)])
  assert.equal(one.refresh_token, two.refresh_token)
  assert.equal(await liveRefreshTokens(), before)
})

test('after the grace time the same leaves nothing alive', async (t) => {
  const { rp, first, tokens } = await signedIn()
  const killed = await startStorageProcess(world.databaseUri, sealingKey)
  await killed.run({ verb: 'consume', kind: 'RefreshToken', id: first, times: 1 })
  await killed.kill()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 31_000 })
  await assert.rejects(refresh(rp, first), { error: 'invalid_grant' })
  assert.equal(await isActive(rp, tokens.access_token), false)
})

test('without a grace time one of 20 parallel refreshes wins, and the others end the family', async (t) => {
  const strict = await createWorld({ env: { GATEHOUSE_LIFETIMES_REFRESH_TOKEN_GRACE_SECONDS: '0' } })
  t.after(() => strict.close())
  await strict.addAccount('ada@example.com')
  const rp = await RelyingParty.create(strict)
  const { refresh_token: first } = await rp.run('ada@example.com')
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => refresh(rp, first)))
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  assert.equal(won.length, 1)
  await assert.rejects(refresh(rp, won[0]?.value.refresh_token), { error: 'invalid_grant' })
})
