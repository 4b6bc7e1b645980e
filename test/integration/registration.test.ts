import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import * as oidc from 'openid-client'
import { hashSecret } from '../../src/platform/ids.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com')
})
after(() => world.close())

const DAY_MS = 86_400_000
const metadata = {
  client_name: 'Self Service',
  redirect_uris: ['https://self.example/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_basic',
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, string>
}

async function send(method: string, url: string, token?: string, body?: unknown, type = 'application/json') {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text.startsWith('{') ? JSON.parse(text) : {},
  } satisfies Answer
}

const invite = async (uses = 1, days = 7) => (await world.clients.invitations.issue({ uses, days })).token
const register = async (changes: object = {}, token?: string) =>
  send('POST', `${world.issuer}/reg`, token ?? (await invite()), { ...metadata, ...changes })
const count = async () => (await world.clients.list()).length

test('an app registers itself as discovery says, and signs people in', async () => {
  const discovered = (await (await fetch(`${world.issuer}/.well-known/openid-configuration`)).json()) as {
    registration_endpoint: string
  }
  assert.equal(discovered.registration_endpoint, `${world.issuer}/reg`)
  const configuration = await oidc.dynamicClientRegistration(new URL(world.issuer), metadata, undefined, {
    initialAccessToken: await invite(),
    execute: [oidc.allowInsecureRequests],
  })
  const rp = new RelyingParty(world, configuration, metadata.redirect_uris[0] ?? '')
  const started = await rp.start()
  const page = await rp.browser.press(
    await rp.browser.press(await rp.browser.open(started.url), 'continue', { identifier: 'ada@example.com' }),
    'sign-in',
    { password: PASSWORD },
  )
  assert.match(page.text, /registered itself.+Self Service.+self\.example/)
  const tokens = await rp.redeem(await rp.consent(page), started)
  assert.ok(tokens.claims()?.sub)
})

test('a registration is answered with secrets that are shown this once and stored hashed', async () => {
  const { status, headers, body } = await register()
  assert.equal(status, 201)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(body.client_secret_expires_at, 0)
  assert.equal(body.client_name, 'Self Service')
  assert.equal(body.registration_client_uri, `${world.issuer}/reg/${body.client_id}`)
  assert.ok(Math.abs(Date.now() / 1000 - Number(body.client_id_issued_at)) < 10)
  const stored = JSON.stringify(await world.connection.collection('clients').find().toArray())
  for (const name of ['client_secret', 'registration_access_token']) {
    assert.equal(Buffer.from(body[name] ?? '', 'base64url').length, 32)
    assert.ok(!stored.includes(body[name] ?? ''))
  }
  const [event] = await world.events('client.created')
  assert.equal(event?.detail.via, 'dynamic')
  assert.match(String(event?.detail.invitationId), /^inv_/)
})

test('without a token that is good nobody registers, and learns nothing', async (t) => {
  const before = await count()
  const used = await invite()
  await register({}, used)
  const revoked = await world.clients.invitations.issue({ uses: 5, days: 1 })
  await world.clients.invitations.revoke(revoked.id)
  const expired = await invite(1, 1)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + DAY_MS + 1000 })
  for (const token of [undefined, 'wrong', used, revoked.token, expired]) {
    const { status, headers, body } = await send('POST', `${world.issuer}/reg`, token, {
      ...metadata,
      redirect_uris: [],
    })
    assert.deepEqual([status, body.error], [401, 'invalid_token'])
    assert.match(headers.get('www-authenticate') ?? '', /^Bearer .*error="invalid_token"/)
  }
  assert.equal(await count(), before + 1)
  assert.ok((await world.events('client.registration_refused')).length >= 5)
})

test('an invitation lets in as many as it says, in parallel too', async () => {
  for (const uses of [1, 3]) {
    const token = await invite(uses)
    const answers = await Promise.all(Array.from({ length: 12 }, () => register({}, token)))
    const statuses = answers.map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 201).length, uses)
    assert.equal(statuses.filter((status) => status === 401).length, 12 - uses)
  }
})

test('an invitation is listed with the uses that are left, and stored as a hash', async () => {
  const { id, token } = await world.clients.invitations.issue({ uses: 2, days: 3 })
  await register({}, token)
  const listed = (await world.clients.invitations.list()).find((invitation) => invitation.id === id)
  assert.deepEqual([listed?.uses, listed?.usesLeft], [2, 1])
  assert.ok(!JSON.stringify(listed).includes(hashSecret(token)))
  const stored = JSON.stringify(await world.connection.collection('client_invitations').find().toArray())
  assert.ok(!stored.includes(token))
  await world.clients.invitations.revoke(id)
  await assert.rejects(world.clients.invitations.revoke(id), { code: 'client.invitation_unknown' })
})

test('what breaks a policy is refused in the words of RFC 7591, and costs no use', async () => {
  const token = await invite()
  const before = await count()
  const bad: [object, string][] = [
    [{ redirect_uris: ['http://self.example/callback'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://self.example/#x'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://u:p@self.example/'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['com.example.app:/cb'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: [] }, 'invalid_client_metadata'],
    [{ redirect_uris: 'https://self.example/' }, 'invalid_client_metadata'],
    [{ redirect_uris: [1] }, 'invalid_client_metadata'],
    [{ first_party: true }, 'invalid_client_metadata'],
    [{ require_pkce: false }, 'invalid_client_metadata'],
    [{ grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
    [{ response_types: ['id_token'] }, 'invalid_client_metadata'],
    [{ logo_uri: 'http://self.example/logo.png' }, 'invalid_client_metadata'],
    [{ logo_uri: 'javascript:alert(1)' }, 'invalid_client_metadata'],
    [{ initiate_login_uri: 'http://self.example/' }, 'invalid_client_metadata'],
    [{ token_endpoint_auth_method: 'client_secret_jwt' }, 'invalid_client_metadata'],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
    [{ id_token_signed_response_alg: 'none' }, 'invalid_client_metadata'],
    [{ jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, 'invalid_client_metadata'],
    [{ contacts: ['x'.repeat(3000)] }, 'invalid_client_metadata'],
  ]
  for (const [changes, error] of bad) {
    const { status, body } = await register(changes, token)
    assert.deepEqual([status, body.error], [400, error], JSON.stringify(changes).slice(0, 100))
    assert.ok(body.error_description)
  }
  assert.equal(await count(), before)
  assert.equal((await register({}, token)).status, 201)
})

test('a request that is not a JSON object is refused, and so is one that is too large', async () => {
  const token = await invite()
  const url = `${world.issuer}/reg`
  const bad: [unknown, string, number][] = [
    ['{', 'application/json', 400],
    ['[]', 'application/json', 400],
    ['"text"', 'application/json', 400],
    ['{"__proto__":{"first_party":true}}', 'application/json', 400],
    ['a=1', 'application/x-www-form-urlencoded', 415],
    [JSON.stringify({ client_name: 'x'.repeat(100_000) }), 'application/json', 413],
  ]
  for (const [body, type, status] of bad) {
    const answer = await send('POST', url, token, body, type)
    assert.deepEqual([answer.status, answer.body.error], [status, 'invalid_request'])
  }
  assert.equal((await send('GET', url, token)).status, 405)
})

test('what is not known is ignored, and ids and secrets cannot be chosen', async () => {
  const { status, body } = await register({
    client_id: 'mine',
    client_secret: 'mine',
    client_secret_expires_at: 1,
    is_unverified: false,
    secrets: [],
    'client_name#de': 'Selbst',
    software_statement: 'x.y.z',
    policy_uri: null,
  })
  assert.equal(status, 201)
  assert.match(body.client_id ?? '', /^app_/)
  assert.notEqual(body.client_secret, 'mine')
  const stored = await world.clients.get(body.client_id ?? '')
  assert.equal(stored.via, 'dynamic')
  for (const name of ['client_name#de', 'software_statement', 'first_party', 'is_unverified', 'secrets'])
    assert.equal(stored.metadata[name], undefined)
})

test('a client reads its registration, and sees neither a secret nor a hash', async () => {
  const { body } = await register()
  const token = body.registration_access_token ?? ''
  const read = await send('GET', body.registration_client_uri ?? '', token)
  assert.equal(read.status, 200)
  assert.equal(read.headers.get('cache-control'), 'no-store')
  assert.equal(read.body.client_id, body.client_id)
  assert.equal(read.body.registration_access_token, token)
  assert.equal(read.body.client_secret, undefined)
  assert.doesNotMatch(JSON.stringify(read.body), /hash|secrets|unverified|first_party/)
})

test('only its own token manages a client, and none manages those of the operator', async () => {
  const [one, other] = [(await register()).body, (await register()).body]
  const byHand = await world.addClient()
  const tries: [string, string | undefined][] = [
    [one.registration_client_uri ?? '', undefined],
    [one.registration_client_uri ?? '', 'wrong'],
    [one.registration_client_uri ?? '', other.registration_access_token],
    [`${world.issuer}/reg/${byHand.client_id}`, one.registration_access_token],
    [`${world.issuer}/reg/nobody`, one.registration_access_token],
  ]
  for (const [url, token] of tries) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await send(method, url, token, method === 'PUT' ? metadata : undefined)
      assert.deepEqual([answer.status, answer.body.error], [401, 'invalid_token'], `${method} ${url}`)
    }
  }
})

test('a client changes itself with its true secret, and its token with it', async () => {
  const { body } = await register()
  const { client_id, client_secret, registration_client_uri: uri = '', registration_access_token: token } = body
  const changed = await send('PUT', uri, token, { ...metadata, client_id, client_secret, client_name: 'Renamed' })
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  assert.equal(changed.body.client_name, 'Renamed')
  assert.equal(changed.body.client_secret, undefined)
  assert.notEqual(changed.body.registration_access_token, token)
  assert.equal((await send('GET', uri, token)).status, 401)
  assert.equal((await send('GET', uri, changed.body.registration_access_token)).body.client_name, 'Renamed')
  const known = await fetch(`${world.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none' }),
  })
  assert.equal(known.status, 400)
})

test('a change that does not fit changes nothing, the token neither', async () => {
  const { body } = await register()
  const { client_id, registration_client_uri: uri = '', registration_access_token: token } = body
  const good = { ...metadata, client_id }
  const bad: [object, string][] = [
    [{ ...good, client_id: 'other' }, 'invalid_request'],
    [metadata, 'invalid_request'],
    [{ ...good, client_secret: 'chosen' }, 'invalid_request'],
    [{ ...good, client_secret: 1 }, 'invalid_request'],
    [{ ...good, registration_access_token: token }, 'invalid_request'],
    [{ ...good, client_id_issued_at: 1 }, 'invalid_request'],
    [{ ...good, redirect_uris: ['http://self.example/'] }, 'invalid_redirect_uri'],
    [{ ...good, first_party: true }, 'invalid_client_metadata'],
  ]
  for (const [change, error] of bad) {
    const answer = await send('PUT', uri, token, change)
    assert.deepEqual([answer.status, answer.body.error], [400, error], JSON.stringify(change))
  }
  assert.deepEqual((await send('GET', uri, token)).body.redirect_uris, metadata.redirect_uris)
})

test('of parallel changes with one token one wins', async () => {
  const { body } = await register()
  const { client_id, registration_client_uri: uri = '', registration_access_token: token } = body
  const names = ['A', 'B', 'C', 'D', 'E']
  const answers = await Promise.all(
    names.map((client_name) => send('PUT', uri, token, { ...metadata, client_id, client_name })),
  )
  const winners = answers.filter(({ status }) => status === 200)
  assert.equal(winners.length, 1)
  assert.equal((await world.clients.get(client_id ?? '')).metadata.client_name, winners[0]?.body.client_name)
})

test('what an operator decided about a client outlives its own changes', async () => {
  const { body } = await register()
  const { client_id = '', registration_client_uri: uri = '', registration_access_token: token } = body
  await world.clients.update(await world.clients.get(client_id), { ...metadata, first_party: true }, { via: 'cli' })
  const changed = await send('PUT', uri, token, { ...metadata, client_id, client_name: 'Later' })
  assert.equal(changed.status, 200)
  assert.equal(changed.body.first_party, undefined)
  const { first_party, client_name } = (await world.clients.get(client_id)).metadata
  assert.deepEqual([first_party, client_name], [true, 'Later'])
})

test('an operator vouches for a client until it changes itself', async () => {
  const { body } = await register()
  const { client_id = '', registration_client_uri: uri = '', registration_access_token: token } = body
  const isVerified = async () => (await world.clients.get(client_id)).isVerified
  assert.equal(await isVerified(), false)
  await world.clients.verify(client_id)
  assert.equal(await isVerified(), true)
  assert.equal((await world.events('client.verified'))[0]?.clientId, client_id)
  await world.clients.update(await world.clients.get(client_id), metadata, { via: 'cli' })
  assert.equal(await isVerified(), true)
  await send('PUT', uri, token, { ...metadata, client_id, client_name: 'Your Bank' })
  assert.equal(await isVerified(), false)
  await assert.rejects(world.clients.verify('nobody'), { code: 'client.unknown' })
})

test('a client that comes to need a secret gets one, and one that needs none any more loses it', async () => {
  const { body } = await register({ token_endpoint_auth_method: 'none' })
  assert.equal(body.client_secret, undefined)
  const { client_id = '', registration_client_uri: uri = '' } = body
  const closed = await send('PUT', uri, body.registration_access_token, { ...metadata, client_id })
  assert.ok(closed.body.client_secret)
  const change = { ...metadata, client_id, token_endpoint_auth_method: 'none' }
  const opened = await send('PUT', uri, closed.body.registration_access_token, change)
  assert.equal(opened.status, 200)
  assert.deepEqual(await world.clients.secrets.list(client_id), [])
})

test('a client that deletes itself is gone with its tokens', async () => {
  const { body } = await register()
  const { client_id = '', client_secret = '', registration_client_uri: uri = '' } = body
  const authentication = oidc.ClientSecretBasic(client_secret)
  const configuration = await oidc.discovery(new URL(world.issuer), client_id, client_secret, authentication, {
    execute: [oidc.allowInsecureRequests],
  })
  const rp = new RelyingParty(world, configuration, metadata.redirect_uris[0] ?? '')
  await rp.run('ada@example.com')
  assert.equal((await send('DELETE', uri, body.registration_access_token)).status, 204)
  assert.equal((await send('GET', uri, body.registration_access_token)).status, 401)
  assert.equal(await world.connection.collection('artifacts').countDocuments({ clientId: client_id }), 0)
  assert.equal((await rp.browser.get((await rp.start()).url)).status, 400)
  assert.equal((await world.events('client.deleted'))[0]?.detail.via, 'dynamic')
})

test('prompt=none works for a self-registered client once the person has allowed it', async () => {
  const { body } = await register({ token_endpoint_auth_method: 'none' })
  const configuration = await oidc.discovery(new URL(world.issuer), body.client_id ?? '', undefined, oidc.None(), {
    execute: [oidc.allowInsecureRequests],
  })
  const rp = new RelyingParty(world, configuration, metadata.redirect_uris[0] ?? '')
  await rp.run('ada@example.com')
  assert.ok(answerOf(await rp.browser.open((await rp.start({ prompt: 'none' })).url)).code)
})

test('registration can be turned off, and discovery then does not speak of it', async (t) => {
  const quiet = await createWorld({ env: { GATEHOUSE_REGISTRATION_IS_ENABLED: 'false' } })
  t.after(() => quiet.close())
  const { token } = await quiet.clients.invitations.issue({ uses: 1, days: 1 })
  assert.equal((await send('POST', `${quiet.issuer}/reg`, token, metadata)).status, 404)
  const discovered: { registration_endpoint?: string } = (await (
    await fetch(`${quiet.issuer}/.well-known/openid-configuration`)
  ).json()) as object
  assert.equal(discovered.registration_endpoint, undefined)
})

test('an operator can keep self-registered apps to hosts', async (t) => {
  const kept = await createWorld({ env: { GATEHOUSE_REGISTRATION_ALLOWED_HOSTS: 'self.example' } })
  t.after(() => kept.close())
  const { token } = await kept.clients.invitations.issue({ uses: 2, days: 1 })
  const elsewhere = { ...metadata, redirect_uris: ['https://other.example/'] }
  assert.equal((await send('POST', `${kept.issuer}/reg`, token, elsewhere)).body.error, 'invalid_redirect_uri')
  assert.equal((await send('POST', `${kept.issuer}/reg`, token, metadata)).status, 201)
})

test('whatever is sent, the answer is a registration or a refusal', async () => {
  const { token } = await world.clients.invitations.issue({ uses: 10_000, days: 1 })
  const names = [
    'application_type',
    'backchannel_logout_session_required',
    'backchannel_logout_uri',
    'client_name',
    'contacts',
    'default_acr_values',
    'default_max_age',
    'grant_types',
    'id_token_signed_response_alg',
    'jwks',
    'jwks_uri',
    'logo_uri',
    'post_logout_redirect_uris',
    'redirect_uris',
    'require_auth_time',
    'response_modes',
    'response_types',
    'scope',
    'subject_type',
    'token_endpoint_auth_method',
    'token_endpoint_auth_signing_alg',
  ]
  const likely = fc.constantFrom(
    'code',
    'none',
    'native',
    'https://a.example/cb',
    'private_key_jwt',
    'ES256',
    'openid',
    null,
  )
  const value = fc.oneof(likely, fc.array(likely, { maxLength: 3 }), fc.jsonValue({ maxDepth: 2 }))
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 }), async (changes) => {
      const { status, body } = await send('POST', `${world.issuer}/reg`, token, { ...metadata, ...changes })
      if (status !== 201)
        assert.deepEqual([status, typeof body.error_description], [400, 'string'], JSON.stringify(changes))
    }),
    { numRuns: 150 },
  )
})
