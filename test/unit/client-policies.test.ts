import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Door, findPolicyProblem, type PolicyOptions } from '../../src/provider/clients/policies/index.ts'
import { findRedirectUriProblem, findWebUriProblem, isOnHost } from '../../src/provider/clients/policies/uris.ts'

const production: PolicyOptions = { isProduction: true, isDpopEnabled: true, allowedHosts: [] }
const redirect = (uri: string, isNative = false, isProduction = true) =>
  findRedirectUriProblem(uri, isNative, { isProduction })
const web = (uri: string, canHaveFragment = false, isProduction = true) =>
  findWebUriProblem(uri, { isProduction, canHaveFragment })

test('https redirect URIs are good, with port, path and query', () => {
  for (const uri of [
    'https://a.example/cb',
    'https://a.example:8443/cb?x=1&y=%20',
    'https://a.example',
    'https://[2001:db8::1]/cb',
  ])
    assert.equal(redirect(uri), undefined, uri)
})

test('http is for native apps on their own machine (R-14)', () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    const uri = `http://${host}:8080/cb`
    assert.equal(redirect(uri, true), undefined, uri)
    assert.match(redirect(uri) ?? '', /https/, uri)
    assert.equal(redirect(uri, false, false), undefined, 'while developing, web apps run there too')
  }
  for (const uri of [
    'http://a.example/cb',
    'http://127.0.0.1.evil.example/',
    'http://localhost.evil.example/',
    'http://192.168.1.1/',
  ])
    for (const isProduction of [true, false]) assert.ok(redirect(uri, true, isProduction), uri)
})

test('a private-use scheme is for native apps and named after a domain (RFC 8252 section 7.1)', () => {
  assert.equal(redirect('com.example.app:/cb', true), undefined)
  assert.ok(redirect('com.example.app:/cb', false))
  for (const uri of ['myapp:/cb', 'javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'vbscript:x'])
    assert.ok(redirect(uri, true), uri)
})

test('what a parser would repair is refused, and so are fragments, credentials and wildcards', () => {
  const bad = [
    'https://a.example/#x',
    'https://a.example/#',
    'https://name:word@a.example/',
    'https://@a.example/',
    'https://a.example@evil.example/',
    'https:a.example/cb',
    'https:/a.example/cb',
    'https:///a.example/cb',
    'https:\\\\a.example\\cb',
    ' https://a.example/',
    'https://a.example/\n',
    'https://a.example/a b',
    'https://a.example/ä',
    'https://*.example/cb',
    'https://',
    '',
    '/cb',
    `https://a.example/${'x'.repeat(2048)}`,
  ]
  for (const uri of bad) assert.ok(redirect(uri) && redirect(uri, true), uri)
})

test('whatever the redirect URI, one that passes is what it seems to be', () => {
  const parts = fc.constantFrom(
    'https',
    'http',
    ':',
    '/',
    '//',
    '@',
    '#',
    '?',
    '\\',
    '\t',
    ' ',
    '*',
    'a.example',
    'localhost',
    '127.0.0.1',
    'com.app',
    'javascript',
    '%0a',
    '[::1]',
    ':80',
    '.',
  )
  const likely = fc.array(parts, { maxLength: 9 }).map((list) => list.join(''))
  fc.assert(
    fc.property(
      fc.oneof(likely, fc.webUrl({ withFragments: true, withQueryParameters: true }), fc.string()),
      fc.boolean(),
      (uri, isNative) => {
        if (redirect(uri, isNative) !== undefined) return
        const { protocol, hostname, username, password, hash, href } = new URL(uri)
        assert.equal(username + password + hash, '')
        assert.ok(!href.includes('#') && !hostname.includes('*') && /^[\x21-\x7e]+$/.test(uri))
        if (protocol === 'http:') assert.ok(isNative && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
        else if (protocol !== 'https:') assert.ok(isNative && protocol.includes('.'))
        else assert.equal(uri.slice(0, 8).toLowerCase(), 'https://')
        if (protocol !== 'https:' && protocol !== 'http:') return
        const authority = /^[a-z]+:\/\/([^/?#]*)/i.exec(uri)?.[1]?.toLowerCase() ?? ''
        assert.ok(authority.startsWith(hostname) || /^[\d.x]|%|^\[|xn--/i.test(authority), `${uri} is at ${hostname}`)
      },
    ),
    { numRuns: 1000 },
  )
})

test('no text makes a check throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl()), fc.boolean(), (uri, flag) => {
      for (const found of [redirect(uri, flag, !flag), web(uri, flag)]) assert.ok(found === undefined || found !== '')
      assert.equal(typeof isOnHost(uri, ['a.example']), 'boolean')
    }),
  )
})

test('other addresses are https; only those that people are shown may have a fragment', () => {
  assert.equal(web('https://a.example/logo.svg'), undefined)
  assert.equal(web('https://a.example/#/terms', true), undefined)
  assert.ok(web('https://a.example/#/keys', false))
  assert.ok(web('http://a.example/'))
  assert.ok(web('http://localhost:8080/'))
  assert.equal(web('http://localhost:8080/', false, false), undefined)
  assert.ok(web('com.example.app:/logo', true, false))
})

test('hosts are matched by whole labels, and private-use schemes by the domain they are named after', () => {
  for (const uri of ['https://a.example/', 'https://x.a.example:8443/', 'example.a.app:/cb', 'http://127.0.0.1:1/'])
    assert.ok(isOnHost(uri, ['a.example']), uri)
  for (const uri of ['https://ba.example/', 'https://a.example.evil.example/', 'https://example/', 'example.b.app:/cb'])
    assert.ok(!isOnHost(uri, ['a.example']), uri)
})

const find = (metadata: Record<string, unknown>, door: Door = 'dynamic', options = production) =>
  findPolicyProblem({ redirect_uris: ['https://a.example/cb'], ...metadata }, door, options)

test('how much it is trusted is not for a client to say', () => {
  for (const metadata of [{ first_party: true }, { first_party: false }, { require_pkce: false }]) {
    assert.equal(find(metadata)?.field, Object.keys(metadata)[0])
    assert.equal(find(metadata, 'cli'), undefined)
  }
})

test('each door has its grants and response types', () => {
  assert.equal(find({ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }), undefined)
  assert.equal(find({ grant_types: ['client_credentials'] })?.field, 'grant_types')
  assert.equal(find({ grant_types: ['client_credentials'] }, 'cli'), undefined)
  assert.equal(find({ response_types: ['none'] })?.field, 'response_types')
  assert.equal(find({ response_types: ['code', 'none'] }, 'cli'), undefined)
  for (const door of ['cli', 'seed', 'dynamic'] as const) {
    for (const grant of ['password', 'implicit'])
      assert.equal(find({ grant_types: [grant] }, door)?.field, 'grant_types')
    for (const type of ['token', 'id_token', 'code token'])
      assert.equal(find({ response_types: [type] }, door)?.field, 'response_types')
  }
})

test('a client has its size', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `https://a.example/${index}`)
  assert.equal(find({ redirect_uris: many(10) }), undefined)
  assert.equal(find({ redirect_uris: many(11) })?.field, 'redirect_uris')
  assert.equal(find({ redirect_uris: many(11) }, 'cli'), undefined)
  assert.equal(find({ contacts: many(21) }, 'cli')?.field, 'contacts')
  assert.equal(find({ client_name: 'x'.repeat(101) })?.field, 'client_name')
  assert.equal(find({ scope: 'x'.repeat(2049) })?.field, 'scope')
  assert.equal(find({ jwks: { keys: ['x'.repeat(40_000)] } })?.field, 'metadata')
})

test('a name cannot hide or turn around what is written', () => {
  for (const name of ['Bank\u202egnp', 'Bank\u2066', 'Bank\n', 'Bank\u0000', 'Bank\u200f'])
    assert.equal(find({ client_name: name })?.field, 'client_name')
  for (const name of ['Žluťoučký kůň', '読書室', '👩‍💻 Lab']) assert.equal(find({ client_name: name }), undefined)
})

test('an operator can keep self-registered clients to hosts', () => {
  const options = { ...production, allowedHosts: ['a.example'] }
  assert.equal(find({}, 'dynamic', options), undefined)
  for (const field of ['logo_uri', 'jwks_uri', 'backchannel_logout_uri'])
    assert.equal(find({ [field]: 'https://b.example/' }, 'dynamic', options)?.field, field)
  assert.equal(find({ redirect_uris: ['https://b.example/'] }, 'dynamic', options)?.field, 'redirect_uris')
  assert.equal(find({ redirect_uris: ['https://b.example/'] }, 'cli', options), undefined)
})

const modulus = (bits: number) => Buffer.alloc(bits / 8, 0xc0).toString('base64url')
const rsa = (bits: number) => ({ kty: 'RSA', e: 'AQAB', n: modulus(bits) })

test('a key set holds public keys of good kinds and lengths', () => {
  const ec = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
  const good = [
    [rsa(2048)],
    [rsa(8192)],
    [ec],
    [{ kty: 'OKP', crv: 'Ed25519', x: 'x' }],
    [
      { ...ec, kid: '1' },
      { ...ec, kid: '2' },
    ],
  ]
  for (const keys of good) assert.equal(find({ jwks: { keys } }), undefined, JSON.stringify(keys).slice(0, 80))
  const bad: [unknown[], RegExp][] = [
    [[rsa(1024)], /1024/],
    [[rsa(2040)], /2040/],
    [[rsa(16384)], /16384/],
    [[{ ...ec, d: 'private' }], /private/],
    [[{ kty: 'oct', k: 'shared' }], /shared/],
    [[{ kty: 'oct' }], /kind/],
    [[{ ...ec, crv: 'secp256k1' }], /curve/],
    [[{ kty: 'OKP', crv: 'Ed448' }], /curve/],
    [
      [
        { ...ec, kid: '1' },
        { ...rsa(2048), kid: '1' },
      ],
      /kid/,
    ],
    [[], /1 to 10/],
    [Array.from({ length: 11 }, () => ec), /1 to 10/],
    [['key'], /not a key/],
  ]
  for (const [keys, reason] of bad) assert.match(find({ jwks: { keys } })?.reason ?? '', reason)
  for (const jwks of [{}, [], 'x', 1, null, { keys: {} }]) assert.equal(find({ jwks })?.field, 'jwks')
})

test('no metadata makes a check throw', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom(
          'redirect_uris',
          'jwks',
          'client_name',
          'grant_types',
          'logo_uri',
          'application_type',
          'first_party',
        ),
        fc.jsonValue(),
      ),
      fc.constantFrom('cli', 'dynamic'),
      (metadata, door) => {
        const problem = findPolicyProblem(metadata, door, production)
        assert.ok(problem === undefined || problem.reason.length > 0)
      },
    ),
  )
})
