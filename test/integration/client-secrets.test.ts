import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as oidc from 'openid-client'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com')
})
after(() => world.close())

const DAY_MS = 86_400_000
const confidential = { token_endpoint_auth_method: 'client_secret_basic' }

/** Whether the token endpoint knows this client; the code that it sends is of no use. */
async function isKnown(id: string, secret: string, method = 'basic'): Promise<boolean> {
  const fields = { grant_type: 'authorization_code', code: 'none', redirect_uri: 'https://rp.example/callback' }
  const response = await fetch(`${world.issuer}/token`, {
    method: 'POST',
    headers: method === 'basic' ? { authorization: `Basic ${btoa(`${id}:${secret}`)}` } : {},
    body: new URLSearchParams({ ...fields, ...(method === 'post' ? { client_id: id, client_secret: secret } : {}) }),
  })
  const { error } = (await response.json()) as { error: string }
  assert.deepEqual([response.status, error], error === 'invalid_grant' ? [400, error] : [401, 'invalid_client'])
  return error === 'invalid_grant'
}

test('two secrets work at once while an app changes over, each of them shown once', async () => {
  const { client_id, client_secret = '' } = await world.addClient(confidential)
  const { secret, id } = await world.clients.secrets.add(client_id, {})
  for (const good of [client_secret, secret]) assert.ok(await isKnown(client_id, good))
  for (const bad of ['wrong', `${secret}x`, secret.slice(1)]) assert.equal(await isKnown(client_id, bad), false)

  const [first] = await world.clients.secrets.list(client_id)
  await world.clients.secrets.revoke(client_id, first?.id ?? '')
  assert.equal(await isKnown(client_id, client_secret), false)
  assert.ok(await isKnown(client_id, secret))
  assert.equal((await world.events('client.secret_added'))[0]?.detail.secretId, id)
  assert.equal((await world.events('client.secret_revoked'))[0]?.clientId, client_id)

  const stored = JSON.stringify(await world.connection.collection('clients').find().toArray())
  for (const plain of [client_secret, secret]) assert.ok(!stored.includes(plain))
  assert.ok(!JSON.stringify(await world.clients.secrets.list(client_id)).includes('hash'))
})

test('a third secret is refused, in parallel too, until one is revoked or has expired', async (t) => {
  const { client_id } = await world.addClient(confidential)
  const outcomes = await Promise.allSettled(
    [1, 2, 3, 4, 5].map(() => world.clients.secrets.add(client_id, { days: 2 })),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  await assert.rejects(world.clients.secrets.add(client_id, {}), { code: 'client.secrets_full' })
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3 * DAY_MS })
  assert.ok((await world.clients.secrets.add(client_id, {})).secret)
  assert.equal((await world.clients.secrets.list(client_id)).length, 2)
})

test('a secret stops working when it expires, and the last one that works cannot be revoked', async (t) => {
  const { client_id, client_secret = '' } = await world.addClient(confidential)
  const [first] = await world.clients.secrets.list(client_id)
  const short = await world.clients.secrets.add(client_id, { days: 1 })
  assert.ok(await isKnown(client_id, short.secret))
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + DAY_MS + 1000 })
  assert.equal(await isKnown(client_id, short.secret), false)
  assert.ok(await isKnown(client_id, client_secret))
  await assert.rejects(world.clients.secrets.revoke(client_id, first?.id ?? ''), { code: 'client.last_secret' })
  await assert.rejects(world.clients.secrets.revoke(client_id, 'sec_none'), { code: 'client.secret_unknown' })
  await world.clients.secrets.revoke(client_id, short.id)
  assert.ok(await isKnown(client_id, client_secret))
})

test('of two secrets that are revoked at the same moment one stays', async () => {
  const { client_id } = await world.addClient(confidential)
  await world.clients.secrets.add(client_id, {})
  const secrets = await world.clients.secrets.list(client_id)
  const outcomes = await Promise.allSettled(secrets.map(({ id }) => world.clients.secrets.revoke(client_id, id)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await world.clients.secrets.list(client_id)).length, 1)
})

test('when a secret was last used is kept to the hour', async (t) => {
  const { client_id, client_secret = '' } = await world.addClient(confidential)
  const lastUsed = async () => (await world.clients.secrets.list(client_id))[0]?.lastUsedAt
  assert.equal(await lastUsed(), undefined)
  await isKnown(client_id, 'wrong')
  assert.equal(await lastUsed(), undefined)
  const asked = Date.now()
  await isKnown(client_id, client_secret)
  const at = await lastUsed()
  assert.ok(at && at.getTime() % 3_600_000 === 0 && asked - at.getTime() < 3_600_000)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2 * 3_600_000 })
  await isKnown(client_id, client_secret)
  assert.ok(((await lastUsed())?.getTime() ?? 0) > at.getTime())
})

test('a client that was registered for basic may post its secret, and nothing proves a client that has none', async () => {
  const { client_id, client_secret = '' } = await world.addClient(confidential)
  assert.ok(await isKnown(client_id, client_secret, 'post'))
  assert.equal(await isKnown(client_id, 'wrong', 'post'), false)
  const open = await world.addClient()
  assert.equal(await isKnown(open.client_id, 'anything'), false)
  await assert.rejects(world.clients.secrets.add(open.client_id, {}), { code: 'client.takes_no_secret' })
  await assert.rejects(world.clients.secrets.add('nobody', {}), { code: 'client.unknown' })
})

test('changing a client keeps its secret, or takes it away with the need for one', async () => {
  const metadata = { client_name: 'Before', redirect_uris: ['https://rp.example/callback'], ...confidential }
  const { client_id, client_secret = '' } = await world.clients.register(metadata, { via: 'cli' })
  const change = async (changes: Record<string, unknown>) =>
    world.clients.update(await world.clients.get(client_id), { ...metadata, ...changes }, { via: 'cli' })
  const renamed = await change({ client_name: 'After' })
  assert.equal(renamed.client_secret, undefined)
  assert.equal((await world.clients.get(client_id)).metadata.client_name, 'After')
  assert.ok(await isKnown(client_id, client_secret))

  await change({ token_endpoint_auth_method: 'none' })
  assert.deepEqual(await world.clients.secrets.list(client_id), [])
  const again = await change({})
  assert.ok(again.client_secret && again.client_secret !== client_secret)
  assert.equal(await isKnown(client_id, client_secret), false)
  assert.ok(await isKnown(client_id, again.client_secret))

  await assert.rejects(change({ redirect_uris: ['http://rp.example/'] }), { code: 'client.redirect_uri_invalid' })
  await assert.rejects(change({ client_id: 'other' }), { code: 'client.metadata_invalid' })
  assert.equal((await world.events('client.updated')).length, 3)
})

test('deleting a client ends what it was granted, and what people allowed it', async () => {
  const rp = await RelyingParty.create(world)
  const other = await RelyingParty.create(world, confidential)
  const tokens = await rp.run('ada@example.com', { scope: 'openid offline_access', prompt: 'consent' })
  const kept = await other.run('ada@example.com')
  await world.clients.delete(rp.clientId, 'cli')
  await assert.rejects(oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? ''), {
    error: 'invalid_client',
  })
  const left = (name: string) => world.connection.collection(name).countDocuments({ clientId: rp.clientId })
  assert.deepEqual([await left('artifacts'), await left('consents')], [0, 0])
  assert.equal((await rp.browser.get((await rp.start()).url)).status, 400)
  assert.equal((await oidc.tokenIntrospection(other.configuration, kept.access_token)).active, true)
})
