import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

const DEMO = 'https://demo-api.example'
const confidential = { token_endpoint_auth_method: 'client_secret_basic' }
const machine = { ...confidential, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }
let world: World
let resourceServer: RelyingParty
before(async () => {
  world = await createWorld()
  resourceServer = await RelyingParty.create(world, machine)
  const demo = await world.access.apis.get(DEMO)
  await world.access.apis.update({ ...demo, resourceServers: [resourceServer.clientId] })
})
after(() => world.close())

let count = 0
async function signIn(parameters: Record<string, string> = {}) {
  count += 1
  const account = await world.addAccount(`person${count}@example.com`, { roles: ['user'] })
  const party = await RelyingParty.create(world, confidential)
  const started = await party.start({ resource: DEMO, scope: 'openid read:posts', ...parameters })
  const page = await party.signIn(await party.browser.open(started.url), account.email)
  const tokens = await party.redeem(page, started, { resource: DEMO })
  return { account, party, tokens, jwt: tokens.access_token }
}
const introspect = (party: RelyingParty, token: string) => oidc.tokenIntrospection(party.configuration, token)
const isActive = async (token: string) => (await introspect(resourceServer, token)).active

test('a JWT is told about to its own client and to the API that it was made out to', async () => {
  const { account, party, jwt } = await signIn()
  const payload = decodeJwt(jwt)
  for (const asking of [party, resourceServer]) {
    const { lineage, ...told } = await introspect(asking, jwt)
    assert.equal(lineage, undefined)
    const { active, sub, aud, scope, jti, exp, iat, nbf, iss, permissions, auth_time } = told
    assert.deepEqual([active, sub, aud, scope, iss], [true, account.id, DEMO, 'read:posts', world.issuer])
    assert.deepEqual(
      [jti, exp, iat, nbf, auth_time],
      [payload.jti, payload.exp, payload.iat, payload.nbf, payload.auth_time],
    )
    assert.deepEqual([permissions, told.client_id, told.token_type], [['read:posts'], party.clientId, 'Bearer'])
  }
})

test('nobody else learns anything about it but that it is not active for them', async () => {
  const { jwt } = await signIn()
  const stranger = await RelyingParty.create(world, machine)
  assert.deepEqual(await introspect(stranger, jwt), { active: false })
  const open = await RelyingParty.create(world)
  const demo = await world.access.apis.get(DEMO)
  await world.access.apis.update({ ...demo, resourceServers: [resourceServer.clientId, open.clientId] })
  // A public client proves nothing about itself.
  assert.deepEqual(await introspect(open, jwt), { active: false })
})

test('R-26: a public client learns nothing even of its own tokens (RFC 7662 section 2.1), and the trail says that it asked', async () => {
  const { email } = await world.addAccount('public@example.com', { roles: ['user'] })
  const party = await RelyingParty.create(world)
  const tokens = await party.run(email, { scope: 'openid offline_access', prompt: 'consent' })
  const asked = [tokens.access_token, tokens.refresh_token ?? '', 'unknown']
  for (const token of asked) assert.deepEqual(await introspect(party, token), { active: false })
  const refused = (await world.events('endpoint.refused')).filter(({ clientId }) => clientId === party.clientId)
  assert.equal(refused.length, asked.length)
  for (const { detail } of refused)
    assert.deepEqual([detail.endpoint, detail.error], ['introspection', 'invalid_client'])
  // What it was told was not true of them.
  assert.equal(
    (await oidc.fetchUserInfo(party.configuration, tokens.access_token, oidc.skipSubjectCheck)).email,
    undefined,
  )
  await oidc.tokenRevocation(party.configuration, tokens.access_token)
})

test('an ID token and a forged token are not active', async () => {
  const { tokens, jwt, party } = await signIn()
  const [header = '', payload = '', signature = ''] = jwt.split('.')
  const other = Buffer.from(JSON.stringify({ ...decodeJwt(jwt), scope: 'delete:users' })).toString('base64url')
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')
  for (const token of [
    tokens.id_token ?? '',
    `${header}.${other}.${signature}`,
    `${none}.${payload}.`,
    `${header}.${payload}.`,
    '...',
    `~${jwt}.`,
  ]) {
    assert.deepEqual(await introspect(party, token), { active: false }, token)
  }
})

test('a token is inactive at once when it was revoked, and others of its kind are not', async () => {
  const { party, jwt, account } = await signIn()
  const { jwt: other } = await signIn()
  await oidc.tokenRevocation(resourceServer.configuration, jwt)
  assert.equal(await isActive(jwt), true, 'only its own client may revoke it (RFC 7009 section 2.1)')
  await oidc.tokenRevocation(party.configuration, jwt)
  assert.deepEqual([await isActive(jwt), await isActive(other)], [false, true])
  await oidc.tokenRevocation(party.configuration, jwt)
  const [event] = await world.events('token.revoked')
  assert.deepEqual(
    [event?.clientId, event?.accountId, event?.detail],
    [party.clientId, account.id, { kind: 'AccessToken' }],
  )
})

for (const [what, pick] of [
  ['a JWT', 0],
  ['an opaque access token', 2],
  ['a refresh token', 3],
] as const) {
  test(`revoking ${what} ends everything of its grant, and the person's next visit begins another`, async () => {
    const { party, tokens, jwt } = await signIn()
    const refresh = (token: string | undefined, parameters = {}) =>
      oidc.refreshTokenGrant(party.configuration, token ?? '', parameters)
    const sibling = await refresh(tokens.refresh_token, { resource: DEMO })
    const opaque = await refresh(sibling.refresh_token)
    const all = [jwt, sibling.access_token, opaque.access_token, opaque.refresh_token ?? '']
    const areActive = () => Promise.all(all.map(async (token) => (await introspect(party, token)).active))
    assert.deepEqual(await areActive(), [true, true, true, true])

    await oidc.tokenRevocation(party.configuration, all[pick] ?? '')
    assert.deepEqual(await areActive(), [false, false, false, false])
    await assert.rejects(refresh(opaque.refresh_token), { error: 'invalid_grant' })

    const started = await party.start({ resource: DEMO, scope: 'openid read:posts' })
    const again = await party.redeem(await party.browser.open(started.url), started, { resource: DEMO })
    assert.equal(await isActive(again.access_token), true)
    assert.deepEqual(await areActive(), [false, false, false, false])
  })
}

test('it ends with the refresh token that it came with', async () => {
  const { party, tokens, jwt } = await signIn()
  await oidc.tokenRevocation(party.configuration, tokens.refresh_token ?? '')
  assert.equal(await isActive(jwt), false)
})

test('it ends when the person signs out', async () => {
  const { party, jwt } = await signIn()
  const signOut = async () => {
    const page = await party.browser.open(`${world.issuer}/session/end`)
    const form = page.forms.find(({ fields }) => 'xsrf' in fields)
    await party.browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
  }
  await signOut()
  assert.equal(await isActive(jwt), false)
})

test('it ends with a session that nobody used, unless access was given for longer', async (t) => {
  const idle = await signIn()
  const lasting = await signIn({ scope: 'openid offline_access read:posts', prompt: 'consent' })
  const { sessionSeconds } = world.config.lifetimes
  const demo = await world.access.apis.get(DEMO)
  await world.access.apis.update({ ...demo, accessTokenSeconds: sessionSeconds * 2 })
  const party = idle.party
  const long = await oidc.refreshTokenGrant(party.configuration, idle.tokens.refresh_token ?? '', { resource: DEMO })
  const alsoLong = await oidc.refreshTokenGrant(lasting.party.configuration, lasting.tokens.refresh_token ?? '', {
    resource: DEMO,
  })
  assert.ok(sessionSeconds + 60 < (decodeJwt(long.access_token).exp ?? 0) - Date.now() / 1000)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + (sessionSeconds + 60) * 1000 })
  assert.deepEqual([await isActive(long.access_token), await isActive(alsoLong.access_token)], [false, true])
  await world.access.apis.update(demo)
})

test('it ends when the account is suspended, when the client is gone, and by itself', async (t) => {
  const [suspended, deleted, expired] = [await signIn(), await signIn(), await signIn()]
  await world.accounts.suspend(suspended.account.id)
  assert.equal(await isActive(suspended.jwt), false)
  await world.clients.delete(deleted.party.clientId, 'cli')
  assert.equal(await isActive(deleted.jwt), false)
  assert.equal(await isActive(expired.jwt), true)
  t.mock.timers.enable({ apis: ['Date'], now: ((decodeJwt(expired.jwt).exp ?? 0) + 1) * 1000 })
  assert.equal(await isActive(expired.jwt), false)
})

test("a client's own token is told about, revoked, and gone with the client", async () => {
  const party = await RelyingParty.create(world, { ...machine, api_permissions: { [DEMO]: ['read:posts'] } })
  const take = async () =>
    (await oidc.clientCredentialsGrant(party.configuration, { resource: DEMO, scope: 'read:posts' })).access_token
  const [first, second] = [await take(), await take()]
  assert.equal((await introspect(party, first)).scope, 'read:posts')
  await oidc.tokenRevocation(party.configuration, first)
  assert.deepEqual([await isActive(first), await isActive(second)], [false, true])
  await world.clients.delete(party.clientId, 'cli')
  assert.equal(await isActive(second), false)
})

test('issuing a JWT writes nothing to the database but the trail', async () => {
  const party = await RelyingParty.create(world, { ...machine, api_permissions: { [DEMO]: ['read:posts'] } })
  // Not how many: what has expired may be swept away meanwhile.
  const ids = async () => (await world.connection.collection('artifacts').find().toArray()).map(({ _id }) => _id)
  const before = new Set(await ids())
  await oidc.clientCredentialsGrant(party.configuration, { resource: DEMO, scope: 'read:posts' })
  assert.deepEqual(
    (await ids()).filter((id) => !before.has(id)),
    [],
  )
})

test('UserInfo takes no token that was made out to an API, and no ID token, marked or not', async () => {
  const { jwt, tokens } = await signIn()
  for (const token of [jwt, `~${jwt}`, tokens.id_token, `~${tokens.id_token}`]) {
    const answer = await fetch(`${world.issuer}/me`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 401)
    assert.match(answer.headers.get('www-authenticate') ?? '', /error="invalid_token"|error="insufficient_scope"/)
  }
})
