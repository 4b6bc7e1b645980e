import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as oidc from 'openid-client'
import { Browser } from '../support/browser.ts'
import { throughProxy } from '../support/proxy.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com', { roles: ['user'] })
})
after(() => world.close())

test('a relying party signs a person in, asks userinfo, refreshes and signs out', async () => {
  const rp = await RelyingParty.create(world)
  const tokens = await rp.run('ada@example.com', { scope: 'openid profile email offline_access', prompt: 'consent' })
  const claims = tokens.claims()
  assert.equal(claims?.iss, world.issuer)
  assert.equal(claims?.aud, rp.clientId)
  assert.equal(claims?.acr, 'urn:gatehouse:acr:one-factor')
  assert.deepEqual(claims?.amr, ['pwd'])
  assert.equal(typeof claims?.auth_time, 'number')
  assert.equal(tokens.expires_in, 1800)

  const userinfo = await oidc.fetchUserInfo(rp.configuration, tokens.access_token, claims?.sub ?? '')
  assert.equal(userinfo.email, 'ada@example.com')
  assert.equal(userinfo.name, 'Ada Byron')
  assert.equal(userinfo.email_verified, false)

  const refreshed = await oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? '')
  assert.notEqual(refreshed.access_token, tokens.access_token)
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token)
  assert.equal(refreshed.claims()?.auth_time, claims?.auth_time)

  const out = oidc.buildEndSessionUrl(rp.configuration, {
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: 'https://rp.example/',
    state: 'kept',
  })
  const confirm = await rp.browser.open(out.href)
  const [form] = confirm.forms
  const left = await rp.browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
  assert.equal(left.location, 'https://rp.example/?state=kept')
  const silent = await rp.start({ prompt: 'none' })
  assert.equal(answerOf(await rp.browser.open(silent.url)).error, 'login_required')
  await assert.rejects(oidc.refreshTokenGrant(rp.configuration, refreshed.refresh_token ?? ''), {
    error: 'invalid_grant',
  })
})

test('the answer carries the issuer and the state, errors too', async () => {
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const answer = answerOf(await rp.signIn(await rp.browser.open(started.url), 'ada@example.com'))
  assert.equal(answer.iss, world.issuer)
  assert.equal(answer.state, started.state)
  const refused = await rp.start({ prompt: 'none', login_hint: 'x', scope: 'openid', claims: '{' })
  const error = answerOf(await rp.browser.open(refused.url))
  assert.equal(error.iss, world.issuer)
  assert.equal(error.state, refused.state)
  assert.equal(error.error, 'invalid_request')
})

test('a code is good once; using it again ends everything that came of it', async () => {
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const page = await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')
  const tokens = await rp.redeem(page, started)
  await assert.rejects(rp.redeem(page, started), { error: 'invalid_grant' })
  await assert.rejects(oidc.fetchUserInfo(rp.configuration, tokens.access_token, tokens.claims()?.sub ?? ''))
  assert.equal((await world.events('token.reused')).length, 1)
})

test('of 20 parallel redemptions of one code one succeeds', async () => {
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const page = await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => rp.redeem(page, started)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('one client cannot use the refresh token, the code or the revocation of another', async () => {
  const confidential = { token_endpoint_auth_method: 'client_secret_basic' }
  const [one, other] = [await RelyingParty.create(world, confidential), await RelyingParty.create(world, confidential)]
  const tokens = await one.run('ada@example.com')
  await assert.rejects(oidc.refreshTokenGrant(other.configuration, tokens.refresh_token ?? ''), {
    error: 'invalid_grant',
  })
  await oidc.tokenRevocation(other.configuration, tokens.access_token).catch(() => {})
  assert.equal((await oidc.tokenIntrospection(other.configuration, tokens.access_token)).active, false)
  assert.equal((await oidc.tokenIntrospection(one.configuration, tokens.access_token)).active, true)
})

test('a confidential client proves itself with its secret, which is stored as a hash', async () => {
  const rp = await RelyingParty.create(world, { token_endpoint_auth_method: 'client_secret_basic' })
  const tokens = await rp.run('ada@example.com')
  assert.equal((await oidc.tokenIntrospection(rp.configuration, tokens.access_token)).active, true)
  const secret = rp.configuration.clientMetadata().client_secret
  assert.ok(typeof secret === 'string' && Buffer.from(secret, 'base64url').length >= 32)
  const stored = JSON.stringify(await world.connection.collection('clients').find().toArray())
  assert.ok(!stored.includes(secret))
  const wrong = await fetch(`${world.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${rp.clientId}:wrong`)}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x', redirect_uri: rp.redirectUri }),
  })
  assert.equal(wrong.status, 401)
})

test('a token that was revoked is inactive at once', async () => {
  const rp = await RelyingParty.create(world, { token_endpoint_auth_method: 'client_secret_basic' })
  const tokens = await rp.run('ada@example.com')
  assert.equal((await oidc.tokenIntrospection(rp.configuration, tokens.access_token)).active, true)
  await oidc.tokenRevocation(rp.configuration, tokens.refresh_token ?? '')
  assert.equal((await oidc.tokenIntrospection(rp.configuration, tokens.access_token)).active, false)
  await assert.rejects(oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? ''), { error: 'invalid_grant' })
})

test('an API gets a JWT access token for it alone, signed ES256', async () => {
  const rp = await RelyingParty.create(world)
  const resource = 'https://demo-api.example'
  const started = await rp.start({ scope: 'openid read:posts write:posts', resource })
  const page = await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')
  const tokens = await rp.redeem(page, started, { resource })
  const [header = '', payload = ''] = tokens.access_token.split('.')
  assert.deepEqual({ ...JSON.parse(atob(header)), kid: undefined }, { alg: 'ES256', typ: 'at+jwt', kid: undefined })
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  assert.equal(claims.aud, resource)
  assert.equal(claims.scope, 'read:posts write:posts')
  assert.equal(claims.client_id, rp.clientId)
  const unknown = await rp.start({ resource: 'https://nobody.example' })
  assert.equal(answerOf(await rp.browser.open(unknown.url)).error, 'invalid_target')
})

test('form_post answers by a form that works with and without script', async () => {
  const rp = await RelyingParty.create(world)
  const started = await rp.start({ response_mode: 'form_post' })
  const page = await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')
  const [form] = page.forms
  assert.equal(form?.action, rp.redirectUri)
  assert.equal(form?.method, 'post')
  assert.equal(form?.fields.state, started.state)
  assert.ok(form?.fields.code)
  assert.match(page.text, /data-auto-submit/)
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(policy, /form-action 'self' https: https:\/\/rp\.example/)
  assert.doesNotMatch(policy, /unsafe-inline/)
  assert.equal(page.location, undefined)
})

test('response_type=none signs in and gives nothing', async () => {
  const rp = await RelyingParty.create(world, { response_types: ['code', 'none'] })
  const started = await rp.start({ response_type: 'none' })
  const answer = answerOf(await rp.signIn(await rp.browser.open(started.url), 'ada@example.com'))
  assert.deepEqual(Object.keys(answer).sort(), ['iss', 'state'])
})

test('a pushed authorization request is good once', async () => {
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const pushed = await oidc.buildAuthorizationUrlWithPAR(rp.configuration, new URL(started.url).searchParams)
  const page = await rp.signIn(await rp.browser.open(pushed.href), 'ada@example.com')
  await rp.redeem(page, started)
  const again = await rp.browser.open(pushed.href)
  assert.equal(again.location === undefined || answerOf(again).error === 'invalid_request_uri', true)
})

test('A4 of 50 authorizations with one pushed request, at two processes at once, one gets a code', async (t) => {
  const other = await createWorld({ env: { ISSUER: world.issuer }, beside: world })
  t.after(() => other.close())
  const rp = await RelyingParty.create(world, { first_party: true })
  await rp.run('ada@example.com')
  const there = new Browser(world.issuer, throughProxy(other.config.server.port))
  for (const [name, cookie] of rp.browser.cookies) there.cookies.set(name, cookie)
  const started = await rp.start()
  const pushed = await oidc.buildAuthorizationUrlWithPAR(rp.configuration, new URL(started.url).searchParams)
  const browsers = Array.from({ length: 50 }, (_, index) => (index % 2 ? there : rp.browser))
  const pages = await Promise.all(browsers.map((browser) => browser.get(pushed.href)))
  const told = pages.map((page) => {
    if (!page.location) return page.status
    const { code, error } = answerOf(page)
    return code ? 'code' : error
  })
  assert.equal(told.filter((one) => one === 'code').length, 1)
  assert.deepEqual(
    told.filter((one) => !['code', 'invalid_request_uri', 400].includes(one ?? '')),
    [],
  )
  const tokens = await rp.redeem(pages[told.indexOf('code')] ?? assert.fail(), started)
  assert.ok(tokens.access_token)
})

test('what happened on the road is in the trail', async () => {
  const names = new Set((await world.events()).map(({ name }) => name))
  for (const name of [
    'account.created',
    'client.created',
    'signing_key.created',
    'sign_in.started',
    'sign_in.succeeded',
    'consent.granted',
    'authorization.granted',
    'authorization.refused',
    'token.issued',
    'token.refused',
    'session.ended',
  ] as const) {
    assert.ok((await world.events(name)).length > 0, `${name} is missing of ${[...names]}`)
  }
})
