import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { Api } from '../../src/access/index.ts'
import { newSecret } from '../../src/platform/ids.ts'
import { createSealer } from '../../src/platform/seal.ts'
import { openLineage, sealLineage } from '../../src/provider/access-tokens/lineage.ts'
import { createVerify } from '../../src/provider/access-tokens/verify.ts'
import { type Grantee, grantablePermissions, organizationIn } from '../../src/provider/resources.ts'

const ISSUER = 'https://id.example'
const now = Math.floor(Date.now() / 1000)
const good = {
  iss: ISSUER,
  aud: 'https://api.example',
  sub: 'ada',
  client_id: 'app',
  jti: 'one',
  iat: now,
  exp: now + 60,
}
let keys: { private: CryptoKey; jwks: JWK[] }
before(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  keys = {
    private: pair.privateKey,
    jwks: [{ ...(await exportJWK(pair.privateKey)), kid: 'k', alg: 'ES256', use: 'sig' }],
  }
})
const sign = (payload: JWTPayload, header: object = {}, key: CryptoKey | Uint8Array = keys.private) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k', ...header }).sign(key)

test('a genuine access token is read', async () => {
  assert.deepEqual(await createVerify(ISSUER, keys.jwks)(await sign(good)), good)
})

test('nothing else is', async () => {
  const verify = createVerify(ISSUER, keys.jwks)
  const stranger = await generateKeyPair('ES256')
  const published = new TextEncoder().encode(JSON.stringify(keys.jwks[0]))
  for (const [what, jwt] of [
    ['an ID token', await sign(good, { typ: 'JWT' })],
    ['a token without a type', await sign(good, { typ: undefined })],
    ['a logout token', await sign(good, { typ: 'logout+jwt' })],
    ['another issuer', await sign({ ...good, iss: 'https://evil.example' })],
    ['an expired one', await sign({ ...good, exp: now - 1 })],
    ['one that is not good yet', await sign({ ...good, nbf: now + 60 })],
    ['one for several APIs', await sign({ ...good, aud: ['https://api.example', 'https://other.example'] })],
    ['one without an end', await sign({ ...good, exp: undefined } as unknown as JWTPayload)],
    ['another key', await sign(good, {}, stranger.privateKey)],
    ['an unknown key', await sign(good, { kid: 'other' })],
    ['a public key taken for a shared secret', await sign(good, { alg: 'HS256' }, published)],
    ['a key that it brings along', await sign(good, { jwk: keys.jwks[0] }, stranger.privateKey)],
  ] as const) {
    assert.equal(await verify(jwt), undefined, what)
  }
})

test('whatever is handed in is read or not, and never a fault', async () => {
  const verify = createVerify(ISSUER, keys.jwks)
  const genuine = await sign(good)
  const part = fc.oneof(
    fc.string(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  )
  const anything = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.'))
  const cut = fc.nat(genuine.length - 1).map((at) => genuine.slice(0, at))
  await fc.assert(
    fc.asyncProperty(fc.oneof(anything, cut), async (jwt) => assert.equal(await verify(jwt), undefined)),
    { numRuns: 50 },
  )
})

test('what a token hangs on opens for that token only', () => {
  const sealer = createSealer([newSecret()])
  const lineage = { grantId: 'grant', sessionUid: 'session' }
  const sealed = sealLineage(sealer, 'one', lineage)
  assert.deepEqual(openLineage(sealer, 'one', sealed), lineage)
  assert.equal(openLineage(sealer, 'two', sealed), undefined)
  assert.equal(openLineage(createSealer([newSecret()]), 'one', sealed), undefined)
  assert.equal(openLineage(sealer, 'one', 'nonsense'), undefined)
  assert.equal(openLineage(sealer, 'one', sealLineage(sealer, 'one', { grantId: 'grant' }))?.sessionUid, undefined)
  assert.doesNotMatch(sealed, /grant|session/)
})

const api: Api = {
  identifier: 'https://api.example',
  name: 'Posts',
  permissions: ['read', 'write', 'delete'].map((name) => ({ name, title: name })),
  resourceServers: [],
  isRestricted: false,
}
const standing = (...names: string[]) => ({ roles: [], rights: new Map([[api.identifier, new Set(names)]]) })
const client = (policy?: object) => ({ api_permissions: policy }) as unknown as Grantee['client']

for (const [what, grantee, expected] of [
  ['before the person is known: all that the API has', { client: client() }, ['read', 'write', 'delete']],
  ['what the roles allow', { client: client(), standing: standing('read') }, ['read']],
  ['what roles allow elsewhere does not count', { client: client(), standing: { roles: [], rights: new Map() } }, []],
  ['a role cannot allow what the API has not', { client: client(), standing: standing('burn', 'read') }, ['read']],
  ['the wildcard allows what the API has', { client: client(), standing: standing('*') }, ['read', 'write', 'delete']],
  [
    'a client that may ask for less',
    { client: client({ [api.identifier]: ['write'] }), standing: standing('*') },
    ['write'],
  ],
  [
    'a client that may ask elsewhere only',
    { client: client({ 'https://other.example': ['read'] }), standing: standing('*') },
    [],
  ],
  ['a client by itself, without a list', { client: client(), isAlone: true }, []],
  ['a client by itself, with one', { client: client({ [api.identifier]: ['read', 'burn'] }), isAlone: true }, ['read']],
] as const) {
  test(`grantable: ${what}`, () => {
    assert.deepEqual(grantablePermissions(api, grantee), expected)
  })
}

test('a restricted API is for clients that were allowed it by name', () => {
  const restricted = { ...api, isRestricted: true }
  assert.deepEqual(grantablePermissions(restricted, { client: client(), standing: standing('*') }), [])
  const allowed = client({ [api.identifier]: ['read', 'write'] })
  assert.deepEqual(grantablePermissions(restricted, { client: allowed, standing: standing('read') }), ['read'])
})

test('a token is for one organization at most', () => {
  assert.equal(organizationIn(['openid', 'read']), undefined)
  assert.equal(organizationIn(['organization:acme', 'read']), 'acme')
  fc.assert(
    fc.property(fc.array(fc.constantFrom('read', 'organization:a', 'organization:b', 'organization:')), (words) => {
      const named = words.filter((word) => word.startsWith('organization:'))
      if (named.length > 1) assert.throws(() => organizationIn(words), { error: 'invalid_scope' })
      else assert.equal(organizationIn(words), named[0]?.slice('organization:'.length))
    }),
  )
})
