import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import * as oidc from 'openid-client'
import { type ClientKey, makeClientKey, startJwksServer } from '../support/jwks-server.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let key: ClientKey
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com')
  key = await makeClientKey('one')
})
after(() => world.close())

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const seconds = () => Math.floor(Date.now() / 1000)
const claimsOf = (clientId: string): JWTPayload => ({
  iss: clientId,
  sub: clientId,
  aud: world.issuer,
  jti: randomUUID(),
  iat: seconds(),
  exp: seconds() + 60,
})
const sign = (payload: JWTPayload, { privateKey, kid } = key, header: object = { kid }) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey)

/** How the token endpoint takes this: it goes on to the code, which is of no use, once it knows the client. */
async function ask(fields: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(`${world.issuer}/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: 'none',
      redirect_uri: 'https://rp.example/callback',
      ...fields,
    }),
  })
  const { error } = (await response.json()) as { error: string }
  return `${response.status} ${error}`
}
const KNOWN = '400 invalid_grant'
const UNKNOWN = '401 invalid_client'
const assertWith = (assertion: string, fields: Record<string, string> = {}) =>
  ask({ client_assertion_type: TYPE, client_assertion: assertion, ...fields })
const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` })

const withKeys = (metadata: object) => world.addClient({ token_endpoint_auth_method: 'private_key_jwt', ...metadata })

test('a client signs its own assertion, and the whole road works with it', async () => {
  const { client_id } = await withKeys({ jwks: { keys: [key.jwk] } })
  const configuration = await oidc.discovery(
    new URL(world.issuer),
    client_id,
    undefined,
    oidc.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }),
    { execute: [oidc.allowInsecureRequests] },
  )
  const rp = new RelyingParty(world, configuration, 'https://rp.example/callback')
  const tokens = await rp.run('ada@example.com')
  assert.ok(tokens.claims()?.sub)
  assert.equal((await oidc.tokenIntrospection(configuration, tokens.access_token)).active, true)
  assert.ok((await oidc.refreshTokenGrant(configuration, tokens.refresh_token ?? '')).access_token)
})

test('an assertion is good once, also in parallel', async () => {
  const { client_id } = await withKeys({ jwks: { keys: [key.jwk] } })
  const assertion = await sign(claimsOf(client_id))
  const answers = await Promise.all(Array.from({ length: 12 }, () => assertWith(assertion)))
  assert.deepEqual(answers.sort(), [KNOWN, ...Array.from({ length: 11 }, () => UNKNOWN)])
  assert.equal(await assertWith(assertion), UNKNOWN)
})

test('an assertion for anybody else than the issuer is refused (R-31)', async () => {
  const { client_id } = await withKeys({ jwks: { keys: [key.jwk] } })
  const { issuer } = world
  const audiences = [
    `${issuer}/token`,
    `${issuer}/`,
    'https://evil.example',
    [issuer, 'https://evil.example'],
    [issuer],
    '',
  ]
  for (const aud of audiences) assert.equal(await assertWith(await sign({ ...claimsOf(client_id), aud })), UNKNOWN)
})

test('an assertion has all of its claims, and is for now', async () => {
  const { client_id } = await withKeys({ jwks: { keys: [key.jwk] } })
  const good = claimsOf(client_id)
  for (const name of ['iss', 'aud', 'exp', 'jti', 'sub']) {
    const { [name]: _, ...rest } = { ...good, jti: randomUUID() } as Record<string, unknown>
    assert.equal(await assertWith(await sign(rest), { client_id }), UNKNOWN, `without ${name}`)
  }
  const odd = [
    { exp: seconds() - 60 },
    { exp: seconds() + 7200 },
    { exp: 1e20 },
    { nbf: seconds() + 300 },
    { iss: 'other' },
    { jti: 7 },
  ]
  for (const claims of odd) {
    const assertion = await sign({ ...good, jti: randomUUID(), ...claims } as JWTPayload)
    assert.equal(await assertWith(assertion), UNKNOWN, JSON.stringify(claims))
  }
})

test('an assertion that is signed by nobody, by a stranger or with a shared secret is refused', async () => {
  const { client_id } = await withKeys({ jwks: { keys: [key.jwk] } })
  const stranger = await makeClientKey('one')
  const claims = () => claimsOf(client_id)
  const shared = new TextEncoder().encode(JSON.stringify(key.jwk).padEnd(64))
  const forged = [
    new UnsecuredJWT(claims()).encode(),
    await sign(claims(), stranger),
    await sign(claims(), stranger, { kid: 'one', jwk: stranger.jwk }),
    await sign(claims(), stranger, { kid: 'one', jku: 'https://evil.example/jwks' }),
    await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(shared),
    `${(await sign(claims())).slice(0, -8)}AAAAAAAA`,
  ]
  for (const assertion of forged) assert.equal(await assertWith(assertion), UNKNOWN, assertion.slice(0, 60))
  for (const nonsense of ['nonsense', 'a.b.c', '..'])
    assert.match(await assertWith(nonsense, { client_id }), /^40[01] invalid_(request|client)$/)
})

test('the algorithm that a client registered is the only one', async () => {
  const metadata = { jwks: { keys: [key.jwk] }, token_endpoint_auth_signing_alg: 'RS256' }
  const { client_id } = await withKeys(metadata)
  assert.equal(await assertWith(await sign(claimsOf(client_id))), UNKNOWN)
})

test('each method is the one that was registered, and only one is used at a time', async () => {
  const open = await world.addClient()
  const secret = await world.addClient({ token_endpoint_auth_method: 'client_secret_post' })
  const signed = await withKeys({ jwks: { keys: [key.jwk] } })
  const { client_id, client_secret = '' } = secret
  assert.equal(await ask({ client_id: open.client_id }), KNOWN)
  assert.equal(await ask({ client_id, client_secret }), KNOWN)
  assert.equal(await ask({}, basic(client_id, client_secret)), KNOWN)

  assert.equal(await ask({ client_id }), UNKNOWN, 'nothing where a secret is needed')
  assert.equal(await ask({ client_id: signed.client_id }), UNKNOWN, 'nothing where an assertion is needed')
  assert.equal(await ask({}, basic(signed.client_id, 'secret')), UNKNOWN)
  assert.equal(await assertWith(await sign(claimsOf(client_id))), UNKNOWN, 'an assertion where a secret is needed')
  assert.equal(await assertWith(await sign(claimsOf(open.client_id))), UNKNOWN)
  assert.equal(await ask({ client_id: 'nobody' }), UNKNOWN)
  assert.equal(await ask({ client_id, client_secret }, basic(client_id, client_secret)), '400 invalid_request')
  assert.equal(await ask({ client_id: open.client_id }, basic(client_id, client_secret)), '400 invalid_request')
})

test('a refused client learns how it may authenticate, and its secret is in no log and no trail', async () => {
  const { client_id } = await world.addClient({ token_endpoint_auth_method: 'client_secret_basic' })
  const wrong = 'wrong-but-telling-secret'
  const response = await fetch(`${world.issuer}/token`, {
    method: 'POST',
    headers: basic(client_id, wrong),
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none' }),
  })
  assert.equal(response.status, 401)
  assert.match(response.headers.get('www-authenticate') ?? '', /^Basic /)
  const events = JSON.stringify(await world.events())
  assert.ok(
    ![...world.log, events].some((text) => text.includes(wrong) || text.includes(btoa(`${client_id}:${wrong}`))),
  )
})

test('a key that a client adds at its jwks_uri is found, after a minute and not at every guess', async (t) => {
  const [old, next] = [await makeClientKey('old'), await makeClientKey('next')]
  const server = await startJwksServer(t, [old.jwk])
  const { client_id } = await withKeys({ jwks_uri: server.uri })
  const tryWith = async (pair: ClientKey) => assertWith(await sign(claimsOf(client_id), pair))
  assert.equal(await tryWith(old), KNOWN)
  assert.equal(server.asked, 1)

  server.keys = [old.jwk, next.jwk]
  for (let guess = 0; guess < 5; guess += 1) assert.equal(await tryWith(next), UNKNOWN)
  assert.equal(server.asked, 1, 'a minute is waited, although the answer said a year')
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 })
  assert.equal(await tryWith(next), KNOWN)
  assert.equal(await tryWith(old), KNOWN)
  assert.equal(server.asked, 2)
})

test('a key that a client takes back at its jwks_uri stops working within minutes', async (t) => {
  const [stolen, next] = [await makeClientKey('stolen'), await makeClientKey('next')]
  for (const header of [{ kid: 'stolen' }, {}]) {
    const server = await startJwksServer(t, [stolen.jwk])
    const { client_id } = await withKeys({ jwks_uri: server.uri })
    const tryWith = async (pair: ClientKey, named: object) => assertWith(await sign(claimsOf(client_id), pair, named))
    assert.equal(await tryWith(stolen, header), KNOWN)
    server.keys = [next.jwk]
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 12 * 60_000 })
    assert.equal(await tryWith(stolen, header), UNKNOWN)
    assert.equal(await tryWith(next, {}), KNOWN)
    t.mock.timers.reset()
  }
})

test('a jwks_uri that is broken, huge or gone refuses the client, and is not asked again at every try', async (t) => {
  const server = await startJwksServer(t, [key.jwk])
  const breakages: [string, () => void][] = [
    ['an error', () => Object.assign(server, { status: 500 })],
    ['a redirect', () => Object.assign(server, { status: 302 })],
    ['no JSON', () => Object.assign(server, { status: 200, body: '<html>' })],
    ['no key set', () => Object.assign(server, { body: '{"keys":"x"}' })],
    ['too much', () => Object.assign(server, { body: JSON.stringify({ keys: [], filler: 'x'.repeat(100_000) }) })],
  ]
  for (const [what, breakIt] of breakages) {
    breakIt()
    const { client_id } = await withKeys({ jwks_uri: `${server.uri}?${encodeURIComponent(what)}` })
    server.asked = 0
    for (let guess = 0; guess < 3; guess += 1)
      assert.equal(await assertWith(await sign(claimsOf(client_id))), UNKNOWN, what)
    assert.equal(server.asked, 1, what)
  }
})

test('a jwks_uri in a private network is not asked', async (t) => {
  const careful = await createWorld({ env: { GATEHOUSE_OUTBOUND_ALLOWED_PRIVATE_ADDRESSES: '192.0.2.0/24' } })
  t.after(() => careful.close())
  const server = await startJwksServer(t, [key.jwk])
  const { client_id } = await careful.addClient({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: server.uri })
  const assertion = await sign({ ...claimsOf(client_id), aud: careful.issuer })
  const response = await fetch(`${careful.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_assertion_type: TYPE,
      client_assertion: assertion,
    }),
  })
  assert.equal(response.status, 401)
  assert.equal(server.asked, 0)
})
