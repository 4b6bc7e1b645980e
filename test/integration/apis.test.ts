import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as oidc from 'openid-client'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const DEMO = 'https://demo-api.example'
const EVERYTHING = 'read:posts write:posts delete:posts read:users write:users delete:users'
let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())

const wordsOf = (scope: unknown) =>
  String(scope ?? '')
    .split(' ')
    .filter(Boolean)
    .sort()
const payloadOf = (tokens: { access_token: string }) => decodeJwt(tokens.access_token)

/** Signs somebody with these roles in, with all permissions of the demo API asked for. */
async function signIn(email: string, roles: string[], parameters: Record<string, string> = {}, metadata = {}) {
  const account = await world.addAccount(email, { roles })
  const party = await RelyingParty.create(world, metadata)
  const started = await party.start({ resource: DEMO, scope: `openid ${EVERYTHING}`, ...parameters })
  const page = await party.browser.open(started.url)
  const asked = await party.browser.press(page, 'continue', { identifier: email })
  const consent = await party.browser.press(asked, 'sign-in', { password: PASSWORD })
  const tokens = await party.redeem(await party.consent(consent), started, { resource: DEMO })
  return { account, party, consent, tokens }
}

const refresh = (
  party: RelyingParty,
  tokens: { refresh_token?: string | undefined },
  more: Record<string, string> = {},
) => oidc.refreshTokenGrant(party.configuration, tokens.refresh_token ?? '', { resource: DEMO, ...more })

test('a token for an API is a JWT of RFC 9068 and says what the person may do there', async () => {
  const { account, tokens, party } = await signIn('claims@example.com', ['moderator'])
  const { alg, typ, kid } = decodeProtectedHeader(tokens.access_token)
  assert.deepEqual([alg, typ, typeof kid], ['ES256', 'at+jwt', 'string'])
  const { iss, aud, sub, client_id, jti, iat = 0, nbf, exp = 0, auth_time, acr, amr, ...rest } = payloadOf(tokens)
  assert.deepEqual([iss, aud, sub, client_id], [world.issuer, DEMO, account.id, party.clientId])
  assert.equal(nbf, iat)
  assert.equal(exp - iat, world.config.lifetimes.accessTokenSeconds)
  assert.ok(typeof jti === 'string' && Number(auth_time) <= iat)
  assert.deepEqual([typeof acr, amr], ['string', ['pwd']])
  assert.deepEqual(wordsOf(rest.scope), ['delete:posts', 'read:posts', 'read:users', 'write:posts'])
  assert.deepEqual(rest.permissions, String(rest.scope).split(' '))
  assert.equal(rest.roles, undefined, 'roles were not asked for')
  assert.deepEqual(wordsOf(tokens.scope), wordsOf(rest.scope))
})

test('what it says besides is told as consented, all of it, before and after a refresh, and to introspection', async () => {
  const acme = await world.access.organizations.create({ name: 'All', tenantId: 'group' })
  const { id, email } = await world.addAccount('all@example.com', { roles: ['user'] })
  await world.access.organizations.addMember(acme.id, { accountId: id, roles: ['moderator'] })
  const party = await RelyingParty.create(world, { token_endpoint_auth_method: 'client_secret_basic' })
  const visit = async (more: Record<string, string> = {}) => {
    const scope = `openid roles read:posts delete:posts organization:${acme.id}`
    const started = await party.start({ resource: DEMO, scope, ...more })
    const page = await party.browser.open(started.url)
    const answer = await (page.location ? page : party.signIn(page, email))
    return party.redeem(answer, started, { resource: DEMO })
  }
  const tokens = await visit()
  const idToken = tokens.claims()
  const session = { auth_time: idToken?.auth_time, acr: idToken?.acr, amr: ['pwd'], sid: idToken?.sid }
  assert.ok(Object.values(session).every(Boolean))
  const expected = {
    roles: ['user', 'moderator'],
    permissions: ['read:posts', 'delete:posts'],
    organization_id: acme.id,
    tenant_id: 'group',
    ...session,
  }
  const later = await refresh(party, tokens)
  // The same session at this client, whatever the request.
  const again = await visit()
  const seen = new Set<unknown>()
  for (const issued of [tokens, later, again]) {
    const claims = payloadOf(issued)
    const { jti, iat, nbf } = claims
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, claims[name]])), expected)
    assert.ok(typeof jti === 'string' && jti.length >= 21 && !seen.has(jti))
    seen.add(jti)
    assert.equal(nbf, iat)
    const told: Record<string, unknown> = await oidc.tokenIntrospection(party.configuration, issued.access_token)
    for (const name of [...Object.keys(expected), 'jti', 'nbf']) assert.deepEqual(told[name], claims[name], name)
  }

  // Another client of the same browser knows the session by another name, and is not told what it did not ask for.
  const other = await RelyingParty.create(world)
  other.browser = party.browser
  const started = await other.start({ resource: DEMO, scope: 'openid read:posts' })
  const page = await other.consent(await other.browser.open(started.url))
  const less = payloadOf(await other.redeem(page, started, { resource: DEMO }))
  const { roles, permissions, organization_id, tenant_id, sid, auth_time } = less
  assert.deepEqual([roles, permissions, organization_id, tenant_id], [undefined, ['read:posts'], undefined, undefined])
  assert.deepEqual([typeof sid, sid !== session.sid, auth_time], ['string', true, session.auth_time])
})

test('people are asked only for what their roles allow', async () => {
  const { consent, tokens } = await signIn('consent@example.com', ['user'])
  assert.match(consent.text, /<li>Write posts<\/li>/)
  assert.doesNotMatch(consent.text, /Delete posts|See users|Delete users/)
  assert.deepEqual(wordsOf(payloadOf(tokens).scope), ['read:posts', 'write:posts'])
})

test('who may do nothing gets a token that says so', async () => {
  const { consent, tokens } = await signIn('nothing@example.com', [])
  assert.doesNotMatch(consent.text, /posts|users/)
  const { scope, permissions } = payloadOf(tokens)
  assert.deepEqual([scope, permissions], [undefined, []])
})

test('a role that is taken away is gone from the next token, and one that is given does not ask for itself', async () => {
  const { account, party, tokens } = await signIn('change@example.com', ['moderator'])
  await world.accounts.removeRole(account.id, 'moderator')
  await world.accounts.addRole(account.id, 'user')
  const less = await refresh(party, tokens)
  assert.deepEqual(wordsOf(payloadOf(less).scope), ['read:posts', 'write:posts'])
  await world.accounts.addRole(account.id, 'admin')
  const more = await refresh(party, less)
  // Consented to were the four that a moderator has.
  assert.deepEqual(wordsOf(payloadOf(more).scope), ['delete:posts', 'read:posts', 'read:users', 'write:posts'])
})

test('a permission that the API has no more is gone from the next token', async () => {
  const api = { identifier: 'https://short.example', name: 'Short', permissions: [{ name: 'read:a', title: 'A' }] }
  await world.access.apis.create({ ...api, accessTokenSeconds: 60 })
  await world.access.roles.create({
    name: 'short',
    title: 'Short',
    permissions: [{ api: api.identifier, names: ['*'] }],
  })
  await world.addAccount('short@example.com', { roles: ['short'] })
  const party = await RelyingParty.create(world)
  const started = await party.start({ resource: api.identifier, scope: 'openid read:a' })
  const page = await party.signIn(await party.browser.open(started.url), 'short@example.com')
  const tokens = await party.redeem(page, started, { resource: api.identifier })
  const { iat = 0, exp = 0, scope } = payloadOf(tokens)
  assert.deepEqual([exp - iat, scope], [60, 'read:a'])
  await world.access.apis.update({ ...api, permissions: [] })
  assert.equal(payloadOf(await refresh(party, tokens, { resource: api.identifier })).scope, undefined)
})

test('no token for an API outlives the key that signed it', async (t) => {
  const seconds = world.config.keys.keepAfterDays * 86_400
  const api = { identifier: 'https://long.example', name: 'Long', permissions: [{ name: 'read:b', title: 'B' }] }
  for (const door of [world.access.apis.create, world.access.apis.update]) {
    await assert.rejects(door({ ...api, accessTokenSeconds: seconds + 1 }), { code: 'api.invalid', status: 422 })
  }
  await world.access.apis.create({ ...api, accessTokenSeconds: seconds })
  assert.equal((await world.access.apis.get(api.identifier)).accessTokenSeconds, seconds)

  // Kept when keys were kept for longer.
  const beside = await createWorld({ beside: world, env: { GATEHOUSE_KEYS_KEEP_AFTER_DAYS: '2' } })
  t.after(() => beside.close())
  assert.ok(beside.log.some((line) => line.includes(api.identifier) && line.includes('keys.keepAfterDays')))
  assert.ok(!world.log.some((line) => line.includes('keys.keepAfterDays')))
  const permissions = { [api.identifier]: ['read:b'] }
  const party = await RelyingParty.create(beside, {
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'client_secret_basic',
    api_permissions: permissions,
  })
  const request = { resource: api.identifier, scope: 'read:b' }
  const { iat = 0, exp = 0 } = payloadOf(await oidc.clientCredentialsGrant(party.configuration, request))
  assert.equal(exp - iat, 2 * 86_400)
})

test('roles and organizations are told by scopes of their own', async () => {
  const scope = 'openid roles organizations read:posts'
  const acme = await world.access.organizations.create({ name: 'Acme' })
  const member = await world.addAccount('told@example.com', { roles: ['user'] })
  await world.access.organizations.addMember(acme.id, { accountId: member.id, roles: ['moderator'] })
  const party = await RelyingParty.create(world)
  const started = await party.start({ scope, resource: DEMO })
  const page = await party.signIn(await party.browser.open(started.url), 'told@example.com')
  const tokens = await party.redeem(page, started)
  const organizations = [{ id: acme.id, name: 'Acme', tenant_id: acme.id, roles: ['moderator'] }]
  const idToken = tokens.claims()
  assert.deepEqual([idToken?.roles, idToken?.organizations], [['user'], organizations])
  const info = await oidc.fetchUserInfo(party.configuration, tokens.access_token, member.id)
  assert.deepEqual([info.roles, info.organizations], [['user'], organizations])
  const { roles: forApi } = payloadOf(await refresh(party, tokens))
  assert.deepEqual(forApi, ['user'])

  const silent = await party.run('told@example.com', { scope: 'openid' }).catch(() => undefined)
  assert.equal(silent?.claims()?.roles, undefined)
})

test('an organization is chosen by a scope, and its roles count while the person belongs to it', async () => {
  const acme = await world.access.organizations.create({ name: 'Choice', tenantId: 'group' })
  const account = await world.addAccount('choice@example.com', { roles: ['user'] })
  await world.access.organizations.addMember(acme.id, { accountId: account.id, roles: ['moderator'] })
  const party = await RelyingParty.create(world)
  const scope = `openid roles ${EVERYTHING} organization:${acme.id}`
  const started = await party.start({ scope, resource: DEMO })
  const asked = await party.browser.press(await party.browser.open(started.url), 'continue', {
    identifier: 'choice@example.com',
  })
  const consent = await party.browser.press(asked, 'sign-in', { password: PASSWORD })
  assert.match(consent.text, /<li>Act for Choice<\/li>/)
  const tokens = await party.redeem(await party.consent(consent), started, { resource: DEMO })
  const claims = payloadOf(tokens)
  assert.deepEqual([claims.organization_id, claims.tenant_id], [acme.id, 'group'])
  assert.deepEqual(claims.roles, ['user', 'moderator'])
  assert.ok(wordsOf(claims.scope).includes('delete:posts'))

  await world.access.organizations.removeMember(acme.id, account.id)
  const after = payloadOf(await refresh(party, tokens))
  assert.deepEqual([after.organization_id, after.tenant_id, after.roles], [undefined, undefined, ['user']])
  assert.deepEqual(wordsOf(after.scope), ['read:posts', 'write:posts'])
})

test('an organization that somebody does not belong to is not theirs to act for', async () => {
  const other = await world.access.organizations.create({ name: 'Closed' })
  const { consent, tokens } = await signIn('stranger@example.com', ['user'], {
    scope: `openid read:posts organization:${other.id}`,
  })
  assert.doesNotMatch(consent.text, /Closed/)
  assert.equal(payloadOf(tokens).organization_id, undefined)
  assert.deepEqual(wordsOf(payloadOf(tokens).scope), ['read:posts'])

  const party = await RelyingParty.create(world)
  const two = await party.start({ resource: DEMO, scope: 'openid organization:a organization:b' })
  assert.equal(answerOf(await party.browser.open(two.url)).error, 'invalid_scope')
})

test('a client acts by itself with the permissions it was allowed, and no others', async () => {
  const machine = {
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  }
  const allowed = await RelyingParty.create(world, { ...machine, api_permissions: { [DEMO]: ['read:posts'] } })
  const tokens = await oidc.clientCredentialsGrant(allowed.configuration, { resource: DEMO, scope: EVERYTHING })
  const { sub, client_id, scope, permissions } = payloadOf(tokens)
  assert.deepEqual(
    [sub, client_id, scope, permissions],
    [allowed.clientId, allowed.clientId, 'read:posts', ['read:posts']],
  )
  const elsewhere = { resource: `${world.issuer}/api`, scope: 'read:accounts' }
  const target = { error: 'invalid_target' }
  await assert.rejects(oidc.clientCredentialsGrant(allowed.configuration, elsewhere), target)

  const bare = await RelyingParty.create(world, machine)
  await assert.rejects(oidc.clientCredentialsGrant(bare.configuration, { resource: DEMO, scope: EVERYTHING }), target)
})

test('our own API is for apps that were allowed it by name, whoever uses them', async () => {
  const resource = `${world.issuer}/api`
  const scope = 'openid read:accounts write:accounts'
  await world.addAccount('root@example.com', { roles: ['admin'] })
  const stranger = await RelyingParty.create(world)
  const refused = await stranger.browser.open((await stranger.start({ resource, scope })).url)
  assert.equal(answerOf(refused).error, 'invalid_target')
  const trusted = await RelyingParty.create(world, { api_permissions: { [resource]: ['read:accounts'] } })
  const started = await trusted.start({ resource, scope })
  const page = await trusted.signIn(await trusted.browser.open(started.url), 'root@example.com')
  assert.equal(payloadOf(await trusted.redeem(page, started, { resource })).scope, 'read:accounts')
})

test('a client that may ask for some permissions only gets no others for people either', async () => {
  const metadata = { api_permissions: { [DEMO]: ['read:posts'] } }
  const { consent, tokens } = await signIn('limited@example.com', ['admin'], {}, metadata)
  assert.doesNotMatch(consent.text, /Write posts/)
  assert.deepEqual(wordsOf(payloadOf(tokens).scope), ['read:posts'])
  for (const api_permissions of ['read:posts', { [DEMO]: 'read:posts' }, { [DEMO]: ['two words'] }])
    await assert.rejects(world.addClient({ api_permissions }), { code: 'client.metadata_invalid' })
})
