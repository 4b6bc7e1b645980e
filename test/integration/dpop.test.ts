import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { createProver, type ProofChanges } from '../support/proofs.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

// R-22: RFC 9449.
const DEMO = 'https://demo-api.example'
const confidential = { token_endpoint_auth_method: 'client_secret_basic' }
const machine = {
  ...confidential,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  api_permissions: { [DEMO]: ['read:posts'] },
}
let world: World
let tokenEndpoint: string
before(async () => {
  world = await createWorld()
  tokenEndpoint = `POST ${world.issuer}/token`
  await world.addAccount('ada@example.com', { roles: ['user'] })
})
after(() => world.close())

/** A client with a key of its own, and the tokens of somebody who has just signed in. */
async function signIn(metadata: Record<string, unknown> = {}, parameters: Record<string, string> = {}) {
  const rp = await RelyingParty.create(world, metadata)
  const DPoP = oidc.getDPoPHandle(rp.configuration, await oidc.randomDPoPKeyPair('ES256'))
  const started = await rp.start(parameters)
  const page = await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')
  const tokens = await rp.redeem(page, started, parameters.resource ? { resource: DEMO } : {}, { DPoP })
  const refresh = (token = '', options: oidc.DPoPOptions = { DPoP }) =>
    oidc.refreshTokenGrant(rp.configuration, token, {}, options)
  return { rp, DPoP, tokens, refresh }
}

/** A client that takes a token by itself, with this proof. */
async function createMachine() {
  const { client_id, client_secret } = await world.addClient(machine)
  const headers = { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` }
  return async (proof: string, at: World = world) => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', resource: DEMO })
    const answer = await fetch(`${at.issuer}/token`, { method: 'POST', headers: { ...headers, dpop: proof }, body })
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, string> }
  }
}

/** What is wrong with a proof, whatever it is used for. */
const badProofs = (): readonly (readonly [string, ProofChanges])[] => [
  ['another method', { claims: { htm: 'GET' } }],
  ['another address', { claims: { htu: 'https://elsewhere.example/token' } }],
  ['no address', { claims: { htu: undefined } }],
  ['an old date', { claims: { iat: Math.floor(Date.now() / 1000) - 90 } }],
  ['a date to come', { claims: { iat: Math.floor(Date.now() / 1000) + 90 } }],
  ['no date', { claims: { iat: undefined } }],
  ['no id', { claims: { jti: undefined } }],
  ['another type', { header: { typ: 'JWT' } }],
  ['a nonce that is not ours', { claims: { nonce: 'made-up' } }],
]

test('discovery says which proofs are taken, and all of them are asymmetric', async () => {
  const metadata = (await (await fetch(`${world.issuer}/.well-known/openid-configuration`)).json()) as object
  const { dpop_signing_alg_values_supported: algorithms } = metadata as Record<string, string[]>
  assert.ok(algorithms?.includes('ES256'))
  assert.ok(algorithms?.every((name) => !name.startsWith('HS') && name !== 'none'))
})

test('a token that was asked for with a proof is bound to its key, and useless to who has the token alone', async () => {
  const { rp, DPoP, tokens } = await signIn()
  assert.equal(tokens.token_type, 'dpop')
  const { sub } = await oidc.fetchUserInfo(rp.configuration, tokens.access_token, tokens.claims()?.sub ?? '', { DPoP })
  assert.equal(sub, tokens.claims()?.sub)

  const userinfo = (scheme: string, headers = {}) =>
    fetch(`${world.issuer}/me`, { headers: { authorization: `${scheme} ${tokens.access_token}`, ...headers } })
  const asked = `GET ${world.issuer}/me`
  const thief = await createProver()
  const stolen = [
    await userinfo('Bearer'),
    await userinfo('DPoP'),
    await userinfo('DPoP', { dpop: await thief.prove(asked, { token: tokens.access_token }) }),
  ]
  assert.deepEqual(
    stolen.map(({ status }) => status),
    [401, 400, 401],
  )
  assert.match(stolen[2]?.headers.get('www-authenticate') ?? '', /^DPoP .*error="invalid_token".*algs="ES256/)
})

test('the key is named in the JWT and told to the API that asks (RFC 9449 section 6)', async () => {
  const take = await createMachine()
  const prover = await createProver()
  const { body } = await take(await prover.prove(tokenEndpoint))
  const { cnf } = decodeJwt(body.access_token ?? '')
  assert.deepEqual([cnf, body.token_type], [{ jkt: prover.jkt }, 'DPoP'])

  const { tokens } = await signIn(confidential, { resource: DEMO, scope: 'openid read:posts' })
  assert.ok((decodeJwt(tokens.access_token).cnf as { jkt?: string }).jkt)
  const api = await RelyingParty.create(world, { ...machine, api_permissions: {} })
  const demo = await world.access.apis.get(DEMO)
  await world.access.apis.update({ ...demo, resourceServers: [api.clientId] })
  const told = await oidc.tokenIntrospection(api.configuration, body.access_token ?? '')
  assert.deepEqual([told.active, told.token_type, told.cnf], [true, 'DPoP', { jkt: prover.jkt }])
  await world.access.apis.update(demo)
})

test('the refresh token of a public client is bound to its key, and stays', async () => {
  const { rp, tokens, refresh } = await signIn()
  const first = tokens.refresh_token ?? ''
  const once = await refresh(first)
  const twice = await refresh(first)
  assert.equal(once.token_type, 'dpop')
  assert.equal(once.refresh_token ?? first, first)
  assert.equal(twice.refresh_token ?? first, first)
  const other = oidc.getDPoPHandle(rp.configuration, await oidc.randomDPoPKeyPair('ES256'))
  await assert.rejects(refresh(first, { DPoP: other }), { error: 'invalid_grant' })
  await assert.rejects(refresh(first, {}), { error: 'invalid_grant' })
  assert.equal((await refresh(first)).refresh_token ?? first, first, 'it has ended for nobody')
})

test('that of a confidential client stays when all of its tokens are bound, and rotates otherwise', async () => {
  const bound = await signIn({ ...confidential, dpop_bound_access_tokens: true })
  const first = bound.tokens.refresh_token ?? ''
  assert.equal((await bound.refresh(first)).refresh_token ?? first, first)
  assert.equal((await bound.refresh(first)).refresh_token ?? first, first)

  const free = await signIn(confidential)
  assert.notEqual((await free.refresh(free.tokens.refresh_token)).refresh_token, free.tokens.refresh_token)
})

test('a client that has promised proofs gets nothing without (dpop_bound_access_tokens)', async () => {
  const { refresh, tokens, rp } = await signIn({ ...confidential, dpop_bound_access_tokens: true })
  await assert.rejects(refresh(tokens.refresh_token, {}), { error: 'invalid_grant' })
  const started = await rp.start()
  const page = await rp.browser.open(started.url)
  await assert.rejects(rp.redeem(page, started), { error: 'invalid_grant' })
})

test('a code that was asked for with a key is redeemed with that key only (RFC 9449 section 10)', async () => {
  const { rp } = await signIn()
  const [own, other] = await Promise.all([
    oidc.randomDPoPKeyPair('ES256', { extractable: true }),
    oidc.randomDPoPKeyPair('ES256'),
  ])
  const handle = oidc.getDPoPHandle(rp.configuration, own)
  const begin = async () => {
    const started = await rp.start({ dpop_jkt: await handle.calculateThumbprint() })
    return { started, page: await rp.browser.open(started.url) }
  }
  const [good, bad] = [await begin(), await begin()]
  const DPoP = oidc.getDPoPHandle(rp.configuration, other)
  await assert.rejects(rp.redeem(bad.page, bad.started, {}, { DPoP }), { error: 'invalid_grant' })
  assert.ok((await rp.redeem(good.page, good.started, {}, { DPoP: handle })).access_token)
})

test('a proof with something wrong in it is refused, at the token endpoint and at UserInfo', async () => {
  const take = await createMachine()
  const prover = await createProver()
  const { rp, tokens } = await signIn()
  const askedFor = `GET ${rp.world.issuer}/me`
  for (const [what, changes] of [
    ...badProofs(),
    ['the private key in it', { header: { jwk: prover.privateJwk } }],
    ['a key that did not sign it', { header: { jwk: { ...prover.privateJwk, d: undefined, x: prover.jkt } } }],
  ] as const) {
    const { status, body } = await take(await prover.prove(tokenEndpoint, changes))
    assert.equal(status, 400, what)
    assert.match(String(body.error), /^(invalid_dpop_proof|use_dpop_nonce)$/, what)
    const proof = await prover.prove(askedFor, { token: tokens.access_token, claims: { htm: 'GET' }, ...changes })
    const headers = { authorization: `DPoP ${tokens.access_token}`, dpop: proof }
    const { status: refused } = await fetch(`${world.issuer}/me`, { headers })
    assert.equal(refused, 401, what)
  }
  for (const proof of ['', 'x', 'a.b.c']) assert.notEqual((await take(proof)).status, 500, proof)
})

test('a proof is good once: of 50 parallel requests one is answered', async () => {
  const take = await createMachine()
  const prover = await createProver()
  const proof = await prover.prove(tokenEndpoint)
  const answers = await Promise.all(Array.from({ length: 50 }, () => take(proof)))
  const statuses = answers.map(({ status }) => status).sort()
  assert.deepEqual(statuses, [200, ...Array.from({ length: 49 }, () => 400)])
  const refused = answers.find(({ status }) => status === 400)
  assert.equal(refused?.body.error, 'invalid_grant')
  assert.equal((await take(await prover.prove(tokenEndpoint))).status, 200)
})

test('a proof is good for a minute, and dated ten seconds ahead at most, on every endpoint that takes one', async (t) => {
  const take = await createMachine()
  const prover = await createProver()
  const { rp, tokens, DPoP } = await signIn()
  const now = Math.floor(Date.now() / 1000)
  t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })
  const push = async (proof: string) => {
    const { url } = await rp.start()
    const body = new URL(url).searchParams
    return fetch(`${world.issuer}/request`, { method: 'POST', headers: { dpop: proof }, body })
  }
  const read = (proof: string) =>
    fetch(`${world.issuer}/me`, { headers: { authorization: `DPoP ${tokens.access_token}`, dpop: proof } })
  const remembered = () => world.connection.collection('artifacts').countDocuments({ kind: 'ReplayDetection' })

  for (const [offset, isGood] of [
    [-60, true],
    [-61, false],
    [10, true],
    [11, false],
  ] as const) {
    const claims = { iat: now + offset }
    const before = await remembered()
    const token = await take(await prover.prove(tokenEndpoint, { claims }))
    const pushed = await push(await prover.prove(`POST ${world.issuer}/request`, { claims }))
    assert.deepEqual([token.status, pushed.status], isGood ? [200, 201] : [400, 400], `${offset}`)
    if (!isGood) assert.equal(token.body.error, 'use_dpop_nonce')
    // Its key is another one: who is refused for that was recent enough.
    const userinfo = await read(await prover.prove(`GET ${world.issuer}/me`, { claims, token: tokens.access_token }))
    const challenge = userinfo.headers.get('www-authenticate') ?? ''
    assert.match(challenge, isGood ? /error="invalid_token"/ : /error="use_dpop_nonce"/, `${offset}`)
    assert.equal((await remembered()) - before, isGood ? 3 : 0, 'what is refused is not remembered')
  }
  assert.ok(await oidc.fetchUserInfo(rp.configuration, tokens.access_token, tokens.claims()?.sub ?? '', { DPoP }))
})

test('a proof that is dated ahead is remembered for as long as it is good', async (t) => {
  const take = await createMachine()
  const prover = await createProver()
  const now = Math.floor(Date.now() / 1000)
  t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })
  const proof = await prover.prove(tokenEndpoint, { claims: { iat: now + 10 } })
  assert.equal((await take(proof)).status, 200)
  t.mock.timers.setTime((now + 70) * 1000)
  assert.equal((await take(proof)).body.error, 'invalid_grant')
  t.mock.timers.setTime((now + 71) * 1000)
  assert.equal((await take(proof)).body.error, 'use_dpop_nonce')
})

test('one with a nonce is remembered for as long as the nonce is good', async (t) => {
  const take = await createMachine()
  const prover = await createProver()
  const now = Math.ceil(Date.now() / 60_000) * 60
  t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })
  const first = await take(await prover.prove(tokenEndpoint, { claims: { iat: now - 400 } }))
  const claims = { iat: now, nonce: first.headers.get('dpop-nonce') }
  const proofs = await Promise.all([1, 2].map(() => prover.prove(tokenEndpoint, { claims })))
  const [proof = '', unused = ''] = proofs
  assert.equal((await take(proof)).status, 200)
  t.mock.timers.setTime((now + 239) * 1000)
  assert.equal((await take(proof)).body.error, 'invalid_grant')
  assert.equal((await take(unused)).status, 200)
  t.mock.timers.setTime((now + 240) * 1000)
  assert.equal((await take(unused)).body.error, 'use_dpop_nonce')
})

test('a client whose clock is wrong gets along by a nonce', async () => {
  const take = await createMachine()
  const prover = await createProver()
  const iat = Math.floor(Date.now() / 1000) - 3600
  const first = await take(await prover.prove(tokenEndpoint, { claims: { iat } }))
  assert.deepEqual([first.status, first.body.error], [400, 'use_dpop_nonce'])
  const nonce = first.headers.get('dpop-nonce')
  assert.ok(nonce)
  assert.equal((await take(await prover.prove(tokenEndpoint, { claims: { iat, nonce } }))).status, 200)
})

test('nonces are demanded where the operator wants it, and those of one process are good at another', async (t) => {
  const env = { GATEHOUSE_DPOP_IS_NONCE_REQUIRED: 'true' }
  const strict = await createWorld({ beside: world, env })
  const beside = await createWorld({ beside: world, env })
  t.after(() => Promise.all([strict.close(), beside.close()]))
  const take = await createMachine()
  const prover = await createProver()
  const first = await take(await prover.prove(`POST ${strict.issuer}/token`), strict)
  assert.deepEqual([first.status, first.body.error], [400, 'use_dpop_nonce'])
  const claims = { nonce: first.headers.get('dpop-nonce') }
  assert.equal((await take(await prover.prove(`POST ${beside.issuer}/token`, { claims }), beside)).status, 200)
})

test('where it is switched off nobody hears of it, and proofs bind nothing', async (t) => {
  const plain = await createWorld({ beside: world, env: { GATEHOUSE_DPOP_IS_ENABLED: 'false' } })
  t.after(() => plain.close())
  const metadata = await (await fetch(`${plain.issuer}/.well-known/openid-configuration`)).json()
  assert.ok(!('dpop_signing_alg_values_supported' in (metadata as object)))
  const take = await createMachine()
  const prover = await createProver()
  const { body } = await take(await prover.prove(`POST ${plain.issuer}/token`), plain)
  assert.equal(body.token_type, 'Bearer')
  await assert.rejects(plain.addClient({ dpop_bound_access_tokens: true }), { code: 'client.metadata_invalid' })
})
