import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { Browser } from '../support/browser.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com')
})
after(() => world.close())

/** A request with whatever headers, as no browser would send it. */
function raw(
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const asked = request(new URL(world.issuer), { path, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

test('another host gets 421, the health checks do not', async () => {
  for (const host of ['evil.example', '127.0.0.1', `localhost.evil.example:${world.config.server.port}`]) {
    const answer = await raw('/.well-known/openid-configuration', { headers: { host, accept: 'text/html' } })
    assert.equal(answer.status, 421)
    assert.ok(!answer.body.includes('evil.example'))
  }
  assert.equal((await raw('/health/live', { headers: { host: 'pod-7:1234' } })).status, 200)
  assert.equal((await raw('/health/ready', { headers: { host: 'pod-7:1234' } })).status, 200)
})

test('forwarding headers of strangers change nothing', async () => {
  const headers = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example',
    'x-forwarded-for': '9.9.9.9',
  }
  const answer = await raw('/.well-known/openid-configuration', { headers })
  assert.ok(!answer.body.includes('evil.example'))
  assert.ok(answer.body.includes(`"issuer":"${world.issuer}"`))
  assert.ok(!world.log.some((line) => line.includes('9.9.9.9')))
})

const EXPECTED = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-xss-protection': '0',
  'permissions-policy':
    'geolocation=(), microphone=(), camera=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
}

test('every answer carries the headers, errors too', async () => {
  const cases: [string, Parameters<typeof raw>[1], number][] = [
    ['/', {}, 200],
    ['/health/live', {}, 200],
    ['/health/ready', {}, 200],
    ['/nowhere', {}, 404],
    ['/interaction/x', {}, 410],
    ['/interaction/x/begin', { method: 'PUT' }, 405],
    ['/interaction/x/password', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }, 415],
    [
      '/interaction/x/password',
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'a='.padEnd(70_000, 'x'),
      },
      413,
    ],
    ['/welcome', {}, 410],
    ['/welcome/x', {}, 410],
    ['/auth', {}, 400],
    ['/auth?client_id=x', {}, 400],
    ['/token', { method: 'POST' }, 400],
    ['/me', {}, 401],
    ['/session/end', {}, 200],
    ['/workbench', {}, 302],
    ['/workbench/playground', {}, 200],
    ['/workbench/inbox', {}, 200],
    ['/workbench/inbox/nothing', {}, 404],
    ['/language/de?return=//evil.example', {}, 303],
    ['/', { headers: { host: 'evil.example' } }, 421],
    ['/.well-known/openid-configuration', {}, 200],
    ['/jwks', {}, 200],
  ]
  for (const [path, init, status] of cases) {
    const answer = await raw(path, { ...init, headers: { accept: 'text/html', ...init?.headers } })
    assert.equal(answer.status, status, path)
    for (const [name, value] of Object.entries(EXPECTED)) {
      if (path === '/welcome/x' && name === 'referrer-policy') assert.equal(answer.headers[name], 'no-referrer')
      else assert.equal(answer.headers[name], value, `${path} ${name}`)
    }
    const policy = String(answer.headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /frame-ancestors 'none'/)
    const isPage = status !== 302 && status !== 303 && String(answer.headers['content-type']).startsWith('text/html')
    assert.equal(/script-src 'nonce-[\w-]{20,}'/.test(policy), isPage, path)
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/)
    assert.equal(answer.headers['strict-transport-security'], undefined)
    if (!/well-known|jwks/.test(path)) assert.equal(answer.headers['cache-control'], 'no-store', path)
  }
})

test('with an https issuer there is HSTS, and cookies carry prefix and Secure', async () => {
  const secure = await createWorld({
    env: { ISSUER: 'https://id.example.com', GATEHOUSE_SERVER_HSTS_INCLUDES_SUB_DOMAINS: 'true' },
  })
  try {
    const { client_id } = await secure.addClient()
    const query = new URLSearchParams({
      client_id,
      redirect_uri: 'https://rp.example/callback',
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    })
    const answer = await new Promise<{ headers: Record<string, unknown> }>((resolve, reject) => {
      const path = `/auth?${query}`
      request(
        { host: 'localhost', port: secure.config.server.port, path, headers: { host: 'id.example.com' } },
        (response) => {
          response.resume()
          resolve({ headers: response.headers })
        },
      )
        .on('error', reject)
        .end()
    })
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains')
    const cookies = answer.headers['set-cookie'] as string[]
    assert.ok(cookies.some((cookie) => cookie.startsWith('__Secure-gatehouse.interaction=')))
    for (const cookie of cookies) {
      assert.match(cookie, /; secure/i)
      assert.match(cookie, /; httponly/i)
      assert.match(cookie, /; samesite=lax/i)
    }
  } finally {
    await secure.close()
  }
})

test('JSON is answered to whoever asks for it', async () => {
  const answer = await raw('/nowhere', { headers: { accept: 'application/json' } })
  assert.match(String(answer.headers['content-type']), /application\/problem\+json/)
  const problem = JSON.parse(answer.body)
  assert.equal(problem.status, 404)
  assert.equal(problem.code, 'request.not_found')
  assert.ok(problem.requestId)
})

test('a request that is no HTTP gets 400 and is cut off', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(world.config.server.port, 'localhost', () => socket.write('NONSENSE\r\n\r\n'))
    let text = ''
    socket.on('data', (part) => {
      text += part
    })
    socket.on('end', () => resolve(text)).on('error', reject)
  })
  assert.match(answer, /^HTTP\/1\.1 400/)
})

test('assets can be cached for ever, and nothing else can be read through them', async () => {
  const page = await new Browser(world.issuer).get('/')
  const address = /href="(\/assets\/gatehouse\.[^"]+)"/.exec(page.text)?.[1] ?? ''
  const asset = await raw(address)
  assert.match(String(asset.headers['cache-control']), /immutable/)
  assert.match(String(asset.headers['content-type']), /text\/css/)
  assert.equal((await raw(address, { headers: { 'if-none-match': String(asset.headers.etag) } })).status, 304)
  for (const path of [
    '/assets/gatehouse.css',
    '/assets/../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/..%5c..%5cpackage.json',
    '/assets/%2e%2e/package.json',
    '/assets//etc/passwd',
    '/assets/%00',
    '/assets/%ff',
    `/assets/${'a'.repeat(8000)}`,
    address.replace('.', '%2e'),
    `${address}%00`,
    `${address}/..`,
    '/assets/',
  ]) {
    const answer = await raw(path)
    assert.deepEqual([answer.status, answer.headers['cache-control']], [404, 'no-store'], path)
  }
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const refused = await raw(address, { method })
    assert.deepEqual([refused.status, refused.headers.allow], [405, 'HEAD, GET'], method)
  }
})

test('word lists for browsers come compressed where that can be read, under an address that changes with them', async () => {
  const account = await world.addAccount('words@example.com')
  const token = await world.signIn.invitations.issue('set-password', account)
  const form = await new Browser(world.issuer).open(`/welcome/${token}`)
  const [, base = ''] = /data-modules="(\/assets\/zxcvbn\.[\w-]+\/)"/.exec(form.text) ?? []
  const address = `${base}en/commonWords.json.mjs`
  const plain = await raw(address)
  const small = await raw(address, { headers: { 'accept-encoding': 'gzip' } })
  assert.match(String(small.headers['cache-control']), /immutable/)
  assert.match(String(small.headers['content-type']), /text\/javascript/)
  assert.equal(small.headers['content-encoding'], 'gzip')
  assert.match(String(small.headers.vary), /Accept-Encoding/)
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.ok(Number(small.headers['content-length']) < Number(plain.headers['content-length']) / 1.5)
  assert.equal((await raw(`${base}../../package.json`)).status, 404)
})

test('the language switch remembers, and leads nowhere else', async () => {
  const browser = new Browser(world.issuer)
  const back = await browser.get('/language/de?return=/session/end')
  assert.equal(back.location, '/session/end')
  assert.equal((await browser.get('/')).headers.get('content-language'), 'de')
  for (const evil of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/%09/evil.example',
    'javascript:alert(1)',
    '/\tx',
  ]) {
    const { location } = await browser.get(`/language/de?return=${encodeURIComponent(evil)}`)
    assert.equal(new URL(location ?? '', world.issuer).origin, world.issuer, evil)
    assert.ok(location === '/' || location?.startsWith('/%'), evil)
  }
})

test("methods that nobody knows are the caller's mistake", async () => {
  for (const method of ['PROPFIND', 'PUT', 'REPORT']) {
    const answer = await fetch(`${world.issuer}/welcome`, { method })
    assert.equal(answer.status, 405, method)
    assert.equal(answer.headers.get('allow'), 'HEAD, GET, POST')
  }
})

test('a packed body is refused before it is unpacked', async () => {
  for (const [encoding, body] of [
    ['gzip', gzipSync('a=b')],
    ['gzip', 'not packed at all'],
    ['br', 'a=b'],
  ] as const) {
    const answer = await fetch(`${world.issuer}/workbench/playground/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': encoding },
      body,
    })
    assert.equal(answer.status, 415, encoding)
  }
})

test('bad input is never a fault', async () => {
  const rp = await RelyingParty.create(world)
  const paths = [
    '/auth',
    '/token',
    '/me',
    '/session/end',
    '/session/end/confirm',
    '/request',
    '/token/introspection',
    '/token/revocation',
    '/welcome',
    '/workbench/playground/start',
    '/workbench/playground/callback',
    '/workbench/playground/act',
    '/interaction/x/begin',
    '/interaction/x/consent',
    '/interaction/x/password',
    '/language/xx',
  ]
  const names = [
    'client_id',
    'redirect_uri',
    'scope',
    'claims',
    'prompt',
    'max_age',
    'id_token_hint',
    'request',
    'request_uri',
    'resource',
    'code',
    'grant_type',
    'token',
    'csrf',
    'action',
    'identifier',
    'password',
    '__proto__',
    'constructor',
    'a[b]',
    'a.b',
    '',
  ]
  const value = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom(
      rp.clientId,
      '{"id_token":',
      '{}',
      '[]',
      'null',
      '\u0000',
      '%',
      '-1',
      '1e99',
      'openid',
      rp.redirectUri,
      '\ud800',
    ),
  )
  const input = fc.record({
    path: fc.constantFrom(...paths),
    isPost: fc.boolean(),
    fields: fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 6 }),
    cookie: fc.constantFrom(
      '',
      'gatehouse.session=x',
      'gatehouse.interaction=x; gatehouse.interaction.sig=y',
      '=;;=',
      'gatehouse.session=%00',
    ),
  })
  await fc.assert(
    fc.asyncProperty(input, async ({ path, isPost, fields, cookie }) => {
      const form = new URLSearchParams(
        fields.map(([name, text]): [string, string] => [name, text.toWellFormed()]),
      ).toString()
      const headers = { accept: 'text/html', ...(cookie ? { cookie } : {}) }
      const answer = isPost
        ? await raw(path, {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
            body: form,
          })
        : await raw(`${path}?${form}`, { headers })
      assert.ok(answer.status < 500, `${path} ${form}: ${answer.status}`)
    }),
    { numRuns: 400 },
  )
  assert.ok(!world.log.some((line) => line.includes('"msg":"fault"')))
})
