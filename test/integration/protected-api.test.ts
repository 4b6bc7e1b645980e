import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { env } from 'node:process'
import { after, before, test } from 'node:test'
import { decodeProtectedHeader, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import * as oidc from 'openid-client'
import { createApi } from '../../examples/protected-api/api.ts'
import { createProver } from '../support/proofs.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, findFreePort, type World } from '../support/world.ts'

const DEMO = 'https://demo-api.example'
const EVERYTHING = 'read:posts write:posts delete:posts read:users write:users delete:users'
const faults: unknown[] = []
let world: World
let api: string
let close: () => void

/** The API on a port of its own. */
async function serve(issuer: string) {
  const port = await findFreePort()
  const address = `http://localhost:${port}`
  const server = createApi({ issuer, audience: DEMO, address }, (error) => faults.push(error)).listen(port)
  return { address, close: () => server.close() }
}

before(async () => {
  world = await createWorld()
  const server = await serve(world.issuer)
  api = server.address
  close = server.close
})
after(async () => {
  close()
  await world.close()
})

async function signIn(email: string, roles: string[], { resource = DEMO, scope = EVERYTHING, metadata = {} } = {}) {
  const account = await world.addAccount(email, { roles })
  const party = await RelyingParty.create(world, metadata)
  const started = await party.start({ resource, scope: `openid ${scope}` })
  const page = await party.signIn(await party.browser.open(started.url), email)
  const tokens = await party.redeem(page, started, { resource })
  return { account, party, tokens, token: tokens.access_token }
}

const call = (request: string, token?: string, headers: Record<string, string> = {}) => {
  const [method = 'GET', path = '/'] = request.split(' ')
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return fetch(`${api}${path}`, { method, headers: { ...authorization, ...headers } })
}
const challengeOf = (answer: Response) => answer.headers.get('www-authenticate') ?? ''

async function assertInvalid(token: string, what: string) {
  const answer = await call('GET /posts', token)
  assert.equal(answer.status, 401, what)
  assert.match(
    challengeOf(answer),
    /^Bearer realm="demo-api", error="invalid_token", error_description="[\w ]+"$/,
    what,
  )
}

test('each role may do at the API what it was given, and nothing more', async () => {
  const requests = ['GET /posts', 'POST /posts', 'DELETE /posts/1', 'GET /users', 'DELETE /users/1']
  for (const [role, expected] of [
    ['user', [200, 201, 403, 403, 403]],
    ['moderator', [200, 201, 204, 200, 403]],
    ['admin', [200, 201, 404, 200, 204]],
  ] as const) {
    const { token } = await signIn(`${role}@example.com`, [role])
    const answers = []
    for (const request of requests) answers.push((await call(request, token)).status)
    assert.deepEqual(answers, expected, role)
  }
})

test('a permission that is missing is named (RFC 6750 section 3.1)', async () => {
  const { token } = await signIn('few@example.com', ['user'])
  const answer = await call('DELETE /users/1', token)
  assert.equal(answer.status, 403)
  assert.match(challengeOf(answer), /error="insufficient_scope".* scope="delete:users"$/)
})

test('without a token nothing is said but that one is needed', async () => {
  for (const headers of [
    {},
    { authorization: 'Basic YTpi' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer a b' },
  ]) {
    const answer = await call('GET /posts', undefined, headers as Record<string, string>)
    const both = 'Bearer realm="demo-api", DPoP realm="demo-api", algs="ES256 Ed25519"'
    assert.deepEqual([answer.status, challengeOf(answer)], [401, both])
  }
})

test('a token in the address or the body is not looked at', async () => {
  const { token } = await signIn('query@example.com', ['user'])
  const asked = await call(`GET /posts?access_token=${token}`)
  const posted = await fetch(`${api}/posts`, { method: 'POST', body: new URLSearchParams({ access_token: token }) })
  assert.deepEqual([asked.status, posted.status], [401, 401])
})

test('an ID token, a token for another API and an opaque one are refused', async () => {
  const resource = `${world.issuer}/api`
  const other = await signIn('other@example.com', ['admin'], {
    resource,
    scope: 'read:accounts read:posts',
    metadata: { api_permissions: { [resource]: ['read:accounts'] } },
  })
  await assertInvalid(other.token, 'for another API')
  await assertInvalid(other.tokens.id_token ?? '', 'ID token')
  const plain = await oidc.refreshTokenGrant(other.party.configuration, other.tokens.refresh_token ?? '')
  await assertInvalid(plain.access_token, 'opaque')
})

test('a forged token is refused, however it was forged', async () => {
  const { token } = await signIn('forged@example.com', ['user'])
  const [head = '', body = '', signature = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  const write = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const [header, claims] = [read(head), read(body)]
  const { keys } = (await (await fetch(`${world.issuer}/jwks`)).json()) as { keys: JWK[] }
  const published = keys.find(({ kid }) => kid === header.kid) as JWK
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const shared = (text: string) =>
    new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' }).sign(new TextEncoder().encode(text))
  assert.equal((await call('GET /posts', token)).status, 200, 'the genuine one is good')
  for (const [what, forged] of [
    ['other claims', `${head}.${write({ ...claims, scope: EVERYTHING })}.${signature}`],
    ['no algorithm', `${write({ ...header, alg: 'none' })}.${body}.`],
    ['no signature', `${head}.${body}.`],
    ['another key', await new SignJWT(claims).setProtectedHeader(header).sign(privateKey)],
    [
      'a key of its own',
      await new SignJWT(claims).setProtectedHeader({ ...header, jwk: await exportJWK(publicKey) }).sign(privateKey),
    ],
    ['HS256 with the public key as JSON', await shared(JSON.stringify(published))],
    ['HS256 with the public key itself', await shared(String(published.x))],
    ['an unknown key', await new SignJWT(claims).setProtectedHeader({ ...header, kid: 'other' }).sign(privateKey)],
  ] as const) {
    await assertInvalid(forged, what)
  }
})

test('an expired token is refused', async (t) => {
  const { token } = await signIn('late@example.com', ['user'])
  assert.equal((await call('GET /posts', token)).status, 200)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + (world.config.lifetimes.accessTokenSeconds + 10) * 1000 })
  const answer = await call('GET /posts', token)
  assert.match(challengeOf(answer), /error="invalid_token", error_description="the token has expired"/)
})

/** Somebody's token, bound to a key, and the requests of who has that key. */
async function signInBound(email: string) {
  await world.addAccount(email, { roles: ['user'] })
  const party = await RelyingParty.create(world)
  const DPoP = oidc.getDPoPHandle(party.configuration, await oidc.randomDPoPKeyPair('ES256'))
  const started = await party.start({ resource: DEMO, scope: 'openid read:posts' })
  const page = await party.signIn(await party.browser.open(started.url), email)
  const { access_token: token } = await party.redeem(page, started, { resource: DEMO }, { DPoP })
  const fetchPosts = () =>
    oidc.fetchProtectedResource(party.configuration, token, new URL(`${api}/posts`), 'GET', undefined, undefined, {
      DPoP,
    })
  return { token, fetchPosts }
}

test('a token that is bound to a key is good with proofs of it, request by request (RFC 9449 section 7)', async () => {
  const { token, fetchPosts } = await signInBound('bound@example.com')
  for (const answer of [await fetchPosts(), await fetchPosts()]) assert.equal(answer.status, 200)
  const asBearer = await call('GET /posts', token)
  assert.equal(asBearer.status, 401)
  assert.match(challengeOf(asBearer), /^DPoP realm="demo-api", error="invalid_token", .*algs="ES256 Ed25519"$/)
})

test('a proof of another key, for another request, of another time or used before lets nobody in', async (t) => {
  const take = async () => {
    const party = await RelyingParty.create(world, {
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      api_permissions: { [DEMO]: ['read:posts'] },
    })
    const prover = await createProver()
    const { client_id, client_secret } = party.configuration.clientMetadata()
    const answer = await fetch(`${world.issuer}/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}`,
        dpop: await prover.prove(`POST ${world.issuer}/token`),
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: DEMO, scope: 'read:posts' }),
    })
    return { prover, token: ((await answer.json()) as { access_token: string }).access_token }
  }
  const { prover, token } = await take()
  const posts = `GET ${api}/posts`
  const send = (dpop: string, scheme = 'DPoP', bearer = token) =>
    fetch(`${api}/posts`, { headers: { authorization: `${scheme} ${bearer}`, dpop } })
  const now = Math.floor(Date.now() / 1000)
  const good = await prover.prove(posts, { token })
  assert.equal((await send(good)).status, 200)

  const another = await createProver()
  const { token: unbound } = await signIn('unbound@example.com', ['user'])
  for (const [what, answer] of [
    ['used before', send(good)],
    ['none', send('')],
    ['nonsense', send('a.b.c')],
    ['another key', send(await another.prove(posts, { token }))],
    ['another method', send(await prover.prove(`POST ${api}/posts`, { token }))],
    ['another address', send(await prover.prove(`GET ${api}/users`, { token }))],
    ['another host', send(await prover.prove('GET https://elsewhere.example/posts', { token }))],
    ['another token', send(await prover.prove(posts, { token: unbound }))],
    ['no token in it', send(await prover.prove(posts))],
    ['old', send(await prover.prove(posts, { token, claims: { iat: now - 120 } }))],
    ['dated ahead', send(await prover.prove(posts, { token, claims: { iat: now + 120 } }))],
    ['another type', send(await prover.prove(posts, { token, header: { typ: 'JWT' } }))],
    ['the private key in it', send(await prover.prove(posts, { token, header: { jwk: prover.privateJwk } }))],
    ['a token that is bound to nothing', send(await prover.prove(posts, { token: unbound }), 'DPoP', unbound)],
    ['as Bearer', send(await prover.prove(posts, { token }), 'Bearer')],
  ] as const) {
    const { status, headers } = await answer
    assert.equal(status, 401, what)
    assert.match(headers.get('www-authenticate') ?? '', /^DPoP realm="demo-api", error="invalid_/, what)
  }
  t.mock.timers.enable({ apis: ['Date'], now: (now + 61) * 1000 })
  assert.equal((await send(good)).status, 401)
  assert.equal((await send(await prover.prove(posts, { token }))).status, 200)
})

test('whose role was taken away loses the permission with the next refresh', async () => {
  const { account, party, tokens, token } = await signIn('demoted@example.com', ['moderator'])
  assert.equal((await call('GET /users', token)).status, 200)
  await world.accounts.removeRole(account.id, 'moderator')
  await world.accounts.addRole(account.id, 'user')
  const next = await oidc.refreshTokenGrant(party.configuration, tokens.refresh_token ?? '', { resource: DEMO })
  const statuses = [await call('GET /users', next.access_token), await call('GET /posts', next.access_token)]
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [403, 200],
  )
})

test('an issuer that cannot be reached is not held against the token', async () => {
  const { token } = await signIn('down@example.com', ['user'])
  const lonely = await serve(`http://localhost:${await findFreePort()}`)
  const answer = await fetch(`${lonely.address}/posts`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(answer.status, 503)
  assert.equal(faults.length, 1)
  lonely.close()
})

test('one command runs it', async (t) => {
  const settings = { PATH: env.PATH, HOME: env.HOME, ISSUER: world.issuer, PORT: '0' }
  const child = spawn('npm', ['run', '-s', 'example:protected-api'], { env: settings, detached: true })
  t.after(() => child.pid && process.kill(-child.pid))
  const line = await new Promise<string>((resolve) => child.stdout.setEncoding('utf8').once('data', resolve))
  const address = /http:\/\/localhost:\d+/.exec(line)?.[0] ?? ''
  assert.equal((await fetch(`${address}/posts`)).status, 401)
})

test('a signing key that was taken back is believed here for five minutes at most', async (t) => {
  const { token } = await signIn('taken-back@example.com', ['user'])
  const fresh = await serve(world.issuer)
  t.after(fresh.close)
  const ask = async () =>
    (await fetch(`${fresh.address}/posts`, { headers: { authorization: `Bearer ${token}` } })).status
  assert.equal(await ask(), 200)
  await world.keys.revoke(decodeProtectedHeader(token).kid ?? '')
  const published = async () =>
    (await (await fetch(`${world.issuer}/jwks`)).text()).includes(decodeProtectedHeader(token).kid ?? '')
  while (await published()) await new Promise(setImmediate)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 301_000 })
  assert.equal(await ask(), 401)
})
