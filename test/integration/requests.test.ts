import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com')
  await world.addAccount('bob@example.com')
})
after(() => world.close())

const claimOf = (idToken: string | undefined, name: string) =>
  JSON.parse(Buffer.from(idToken?.split('.')[1] ?? '', 'base64url').toString())[name]

test('an unknown client and a wrong redirect URI never redirect; a developer sees what came and what is registered', async () => {
  const rp = await RelyingParty.create(world)
  const wrong: Record<string, string>[] = [
    { client_id: 'nobody' },
    { redirect_uri: 'https://evil.example/callback' },
    { redirect_uri: `${rp.redirectUri}/` },
    { redirect_uri: `${rp.redirectUri}?x=1` },
    { redirect_uri: '' },
  ]
  for (const parameters of wrong) {
    const { url } = await rp.start(parameters)
    const page = await rp.browser.get(url)
    assert.equal(page.status, 400, JSON.stringify(parameters))
    assert.equal(page.location, undefined)
    assert.match(page.text, /give this reference/)
  }
  const { url } = await rp.start({ redirect_uri: 'https://evil.example/callback' })
  const page = await rp.browser.get(url)
  assert.match(page.text, /https:\/\/evil\.example\/callback/)
  assert.match(page.text, /https:\/\/rp\.example\/callback/)
})

test('a left-out redirect URI is not filled in', async () => {
  const rp = await RelyingParty.create(world)
  const url = new URL((await rp.start()).url)
  url.searchParams.delete('redirect_uri')
  const page = await rp.browser.get(url.href)
  assert.equal(page.status, 400)
  assert.equal(page.location, undefined)
})

test('parameters that come twice are refused', async () => {
  const rp = await RelyingParty.create(world)
  const { url } = await rp.start()
  assert.equal(answerOf(await rp.browser.get(`${url}&scope=openid`)).error, 'invalid_request')
  const page = await rp.browser.get(`${url}&redirect_uri=${encodeURIComponent(rp.redirectUri)}`)
  assert.equal(page.location, undefined)
})

test('PKCE with S256 is demanded of every client, unless its record exempts it', async () => {
  const rp = await RelyingParty.create(world, { token_endpoint_auth_method: 'client_secret_basic' })
  const without = new URL((await rp.start()).url)
  without.searchParams.delete('code_challenge')
  without.searchParams.delete('code_challenge_method')
  assert.equal(answerOf(await rp.browser.get(without.href)).error, 'invalid_request')
  const plain = await rp.start({ code_challenge_method: 'plain' })
  assert.equal(answerOf(await rp.browser.get(plain.url)).error, 'invalid_request')

  const exempt = await RelyingParty.create(world, {
    token_endpoint_auth_method: 'client_secret_basic',
    require_pkce: false,
  })
  const url = new URL((await exempt.start()).url)
  url.searchParams.delete('code_challenge')
  url.searchParams.delete('code_challenge_method')
  const page = await exempt.signIn(await exempt.browser.open(url.href), 'ada@example.com')
  assert.ok(answerOf(page).code)
})

test('a code verifier is checked, and one without a challenge is refused', async () => {
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const page = await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')
  await assert.rejects(rp.redeem(page, { ...started, verifier: 'x'.repeat(43) }), { error: 'invalid_grant' })
})

test('no token and no implicit answer ever comes from the authorization endpoint', async () => {
  const rp = await RelyingParty.create(world)
  for (const response_type of ['token', 'id_token', 'code id_token', 'code token']) {
    const { url } = await rp.start({ response_type })
    const page = await rp.browser.get(url)
    assert.match(page.location ?? '', /unsupported_response_type|unauthorized_client|invalid_request/, response_type)
  }
  const password = await fetch(`${world.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      username: 'ada@example.com',
      password: 'x',
      client_id: rp.clientId,
    }),
  })
  assert.equal(password.status, 400)
  assert.match(await password.text(), /unsupported_grant_type/)
})

test('prompt=login asks again, and auth_time moves; prompt=none is silent', async (t) => {
  const rp = await RelyingParty.create(world)
  const first = await rp.run('ada@example.com')
  const silent = await rp.start({ prompt: 'none' })
  const again = await rp.redeem(await rp.browser.open(silent.url), silent)
  assert.equal(again.claims()?.auth_time, first.claims()?.auth_time)
  assert.equal(again.claims()?.sub, first.claims()?.sub)

  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 5000 })
  const login = await rp.start({ prompt: 'login' })
  const page = await rp.browser.open(login.url)
  assert.equal(page.heading, 'Enter your password')
  assert.match(page.text, /ada@example\.com/)
  const tokens = await rp.redeem(await rp.signIn(page, 'ada@example.com'), login)
  assert.ok((tokens.claims()?.auth_time ?? 0) > (first.claims()?.auth_time ?? 0))
})

test('max_age asks again when the sign-in is older, and not before', async (t) => {
  const rp = await RelyingParty.create(world)
  await rp.run('ada@example.com')
  const young = await rp.start({ max_age: '600' })
  assert.ok(answerOf(await rp.browser.open(young.url)).code)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 11_000 })
  const old = await rp.start({ max_age: '10' })
  assert.equal((await rp.browser.open(old.url)).heading, 'Enter your password')
})

test('login_hint is filled in, ui_locales is spoken', async () => {
  const rp = await RelyingParty.create(world)
  const { url } = await rp.start({ login_hint: 'bob@example.com', ui_locales: 'fr de' })
  const page = await rp.browser.open(url)
  assert.equal(page.heading, 'Anmelden')
  assert.match(page.text, /lang="de"/)
  assert.ok(page.forms.some(({ fields }) => fields.identifier === 'bob@example.com'))
})

test('id_token_hint of the same person is silent, of another asks, and then tells the client', async () => {
  const rp = await RelyingParty.create(world)
  const tokens = await rp.run('ada@example.com')
  const hint = { id_token_hint: tokens.id_token ?? '' }
  const silent = await rp.start({ ...hint, prompt: 'none' })
  assert.ok(answerOf(await rp.browser.open(silent.url)).code)

  const other = await RelyingParty.create(world)
  other.browser = rp.browser
  rp.browser = new (rp.browser.constructor as typeof import('../support/browser.ts').Browser)(world.issuer)
  const bob = await rp.start()
  await rp.signIn(await rp.browser.open(bob.url), 'bob@example.com')
  const refused = await rp.start({ ...hint, prompt: 'none' })
  assert.equal(answerOf(await rp.browser.open(refused.url)).error, 'login_required')
  const asked = await rp.start(hint)
  const page = await rp.signIn(await rp.browser.open(asked.url), 'bob@example.com')
  assert.equal(answerOf(page).error, 'login_required')
})

test('an essential acr that nobody can reach is an error to the client, never a loop', async () => {
  const rp = await RelyingParty.create(world)
  const acr = (request: object) => JSON.stringify({ id_token: { acr: request } })
  for (const claims of [
    acr({ essential: true, value: 'urn:none' }),
    acr({ essential: true, values: ['urn:none', 'urn:other'] }),
  ]) {
    const { url } = await rp.start({ claims })
    assert.equal(answerOf(await rp.browser.open(url)).error, 'unmet_authentication_requirements')
  }
  const { url } = await rp.start({ claims: acr({ essential: true, value: 'urn:gatehouse:acr:one-factor' }) })
  assert.ok(answerOf(await rp.signIn(await rp.browser.open(url), 'ada@example.com')).code)
  const voluntary = await rp.start({ acr_values: 'urn:none' })
  const tokens = await rp.redeem(await rp.browser.open(voluntary.url), voluntary)
  assert.equal(claimOf(tokens.id_token, 'acr'), 'urn:gatehouse:acr:one-factor')
})

test('ID tokens are signed RS256, or ES256 for clients that ask for it', async () => {
  const algOf = (idToken: string | undefined) => JSON.parse(atob(idToken?.split('.')[0] ?? '')).alg
  const plain = await RelyingParty.create(world)
  assert.equal(algOf((await plain.run('ada@example.com')).id_token), 'RS256')
  const elliptic = await RelyingParty.create(world, { id_token_signed_response_alg: 'ES256' })
  assert.equal(algOf((await elliptic.run('ada@example.com')).id_token), 'ES256')
})

test('discovery promises what is kept, and can be cached', async () => {
  const response = await fetch(`${world.issuer}/.well-known/openid-configuration`)
  const metadata = (await response.json()) as Record<string, unknown>
  assert.equal(metadata.issuer, world.issuer)
  assert.deepEqual(metadata.response_types_supported, ['code', 'none'])
  assert.deepEqual(metadata.grant_types_supported, ['authorization_code', 'refresh_token', 'client_credentials'])
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256'])
  assert.equal(metadata.authorization_response_iss_parameter_supported, true)
  assert.match(response.headers.get('cache-control') ?? '', /public/)
  const { keys } = (await (await fetch(String(metadata.jwks_uri))).json()) as { keys: Record<string, string>[] }
  assert.deepEqual(keys.map(({ alg }) => alg).sort(), ['ES256', 'RS256'])
  for (const key of keys) for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) assert.equal(key[secret], undefined)
})
