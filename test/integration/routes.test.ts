import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Middleware } from 'koa'
import { hashSecret } from '../../src/platform/ids.ts'
import type { SignInMethod } from '../../src/sign-in/method.ts'
import { Browser } from '../support/browser.ts'
import { openTestDatabase } from '../support/database.ts'
import { throughProxy } from '../support/proxy.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'
import { ROUTES, type RouteRow } from './route-table.ts'

type Register = (name: string, path: string, ...middleware: unknown[]) => unknown

// The library keeps its routes to itself: they are noted down as it registers them.
const libraryRouter = '../../node_modules/oidc-provider/lib/helpers/router.js'
const { default: LibraryRouter } = (await import(libraryRouter)) as { default: { prototype: Record<string, Register> } }

const ofLibrary = new Set<string>()
for (const verb of ['get', 'post', 'put', 'delete', 'options'] as const) {
  const { prototype } = LibraryRouter
  const register = prototype[verb]
  prototype[verb] = function (name, path, ...middleware) {
    ofLibrary.add(`${verb.toUpperCase()} ${path}`)
    return register?.call(this, name, path, ...middleware)
  }
}

interface RoutedMiddleware {
  readonly router?: { readonly stack: readonly { readonly methods: readonly string[]; readonly path: string }[] }
}

/** Every route of our own routers. */
const ofHouse = (middleware: readonly Middleware[]) =>
  middleware.flatMap((door) =>
    ((door as RoutedMiddleware).router?.stack ?? []).flatMap(({ methods, path }) =>
      methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${path}`),
    ),
  )

/** What is off unless somebody asks for it. */
const everything = { GATEHOUSE_ACCOUNTS_REGISTRATION: 'open', GATEHOUSE_AUDIT_ANONYMOUS_PER_MINUTE: '1000' }

let world: World
before(async () => {
  world = await createWorld({ env: everything })
})
after(() => world.close())

const isForm = (method: string) => method === 'POST' || method === 'PUT'

/** Asks with nothing but a form that is empty. */
function ask(at: World, method: string, path: string, accept = 'text/html'): Promise<Response> {
  const address = path.replace(':kind', 'set-password').replace(/[:*]\w+/g, 'x')
  const headers = {
    accept,
    ...(isForm(method) ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
  }
  return throughProxy(at.config.server.port)(at.issuer + address, { method, headers })
}

const partsOf = ({ route }: RouteRow) => route.split(' ') as [string, string]

const CSP =
  /^default-src 'none'; script-src 'nonce-[\w-]{22}'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action ('self'[^;]*); frame-ancestors 'none'; base-uri 'none'$/

const NO_PAGE_CSP = "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

/** The headers of every answer. */
function assertHeaders(row: RouteRow, headers: Headers, { isHttps = false, isError = false } = {}): void {
  const expected = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-xss-protection': '0',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': row.isShared ? 'cross-origin' : 'same-origin',
    'permissions-policy':
      'geolocation=(), microphone=(), camera=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
    'referrer-policy': (!isError && row.referrer) || 'strict-origin-when-cross-origin',
    'cache-control': (!isError && row.cache) || 'no-store',
    'strict-transport-security': isHttps ? 'max-age=31536000' : null,
    server: null,
    'x-powered-by': null,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value, `${row.route} ${name}`)
  const policy = headers.get('content-security-policy') ?? ''
  if (headers.has('location') || !headers.get('content-type')?.startsWith('text/html')) {
    assert.equal(policy, NO_PAGE_CSP, row.route)
    return
  }
  const [, formAction = ''] = CSP.exec(policy) ?? []
  if (row.leadsToApps && !isError)
    assert.match(formAction, /^'self' https: https?:\/\/(localhost|id\.example\.com)/, row.route)
  else assert.equal(formAction, "'self'", row.route)
}

test('the table holds every route of the house and of the library, and no other', () => {
  const all = [...ofHouse(world.app.middleware), ...ofLibrary].sort()
  assert.ok(ofLibrary.size > 10)
  assert.deepEqual(ROUTES.map(({ route }) => route).sort(), all)
})

test('whoever brings nothing gets the answer and the headers that the table says', async () => {
  for (const row of ROUTES) {
    const [method, path] = partsOf(row)
    const answer = await ask(world, method, path)
    assert.equal(answer.status, row.status, row.route)
    assertHeaders(row, answer.headers)
    if (row.guard === 'bearer') assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /, row.route)
    if (row.guard === 'client') {
      const told = await ask(world, method, path, 'application/json')
      assertHeaders(row, told.headers)
      const { error } = (await told.json()) as { error: string }
      assert.match(error, /^invalid_(client|request)$/, row.route)
    }
  }
})

const countEvents = () => world.connection.collection('audit_events').countDocuments()

test('of whatever is gone, or never was, the trail says once that it was asked for, and not where', async () => {
  const rows = ROUTES.filter(({ status }) => status === 410)
  assert.ok(rows.length > 20)
  for (const row of rows) {
    const [method, path] = partsOf(row)
    const secret = randomBytes(32).toString('base64url')
    const told = await countEvents()
    assert.equal((await ask(world, method, path.replace(/:(token|uid)/, secret))).status, 410)
    const events = (await world.events()).slice(0, (await countEvents()) - told)
    assert.equal(events.length, 1, `${row.route} ${JSON.stringify(events)}`)
    const [event] = events
    assert.match(event?.name ?? '', /^(request|authorization)\.refused$/)
    for (const kept of [secret, hashSecret(secret)]) assert.ok(!JSON.stringify(event).includes(kept), row.route)
  }
})

test('a link that is good no more is told of by what it was for, and one that is good is not', async (t) => {
  const account = await world.addAccount('late@example.com')
  const links = {
    'invitation.gone': `/welcome/${await world.signIn.invitations.issue('set-password', account)}`,
    'recovery.gone': `/password/reset/${(await world.recovery.issue(account)).token}`,
  }
  const reasons = async () => (await world.events('request.refused')).map(({ detail }) => detail.reason)
  for (const [reason, path] of Object.entries(links)) {
    const told = (await reasons()).length
    assert.equal((await ask(world, 'GET', path)).status, 303)
    assert.equal((await reasons()).length, told)
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 30 * 86_400_000 })
    for (const method of ['GET', 'HEAD']) assert.equal((await ask(world, method, path)).status, 410)
    t.mock.timers.reset()
    assert.deepEqual((await reasons()).slice(0, 2), [reason, reason])
  }
})

/** Methods that a path has. Where another path fits it too, those of that one are told as well. */
function methodsOf(path: string): string[] {
  const methods = ROUTES.map(partsOf).flatMap(([method, own]) => (own === path ? [method] : []))
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods
}

test('a method that a path has not is refused with the same headers, and told those that it has', async () => {
  for (const row of ROUTES) {
    const [, path] = partsOf(row)
    for (const method of ['PATCH', 'PUT', 'DELETE', 'GET', 'POST']) {
      if (methodsOf(path).includes(method)) continue
      const answer = await ask(world, method, path)
      const allowed = new Set(answer.headers.get('allow')?.split(', '))
      if (allowed.has(method)) continue
      assert.equal(answer.status, 405, `${method} ${row.route}`)
      assertHeaders(row, answer.headers, { isError: true })
      assert.deepEqual(
        methodsOf(path).filter((name) => !allowed.has(name)),
        [],
        `${method} ${row.route}`,
      )
    }
  }
})

test('the library is asked for a method that it has not, in whichever spelling of the path', async () => {
  for (const [method, path, allow] of [
    ['GET', '/token', 'POST, OPTIONS'],
    ['DELETE', '/TOKEN', 'POST, OPTIONS'],
    ['POST', '/auth', 'GET, HEAD'],
    ['OPTIONS', '/auth/x', 'GET, HEAD'],
    ['POST', '/jwks', 'GET, HEAD, OPTIONS'],
    ['PUT', '/me', 'GET, HEAD, POST, OPTIONS'],
  ] as const) {
    const answer = await ask(world, method, path, 'application/json')
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, allow], `${method} ${path}`)
    assert.equal(((await answer.json()) as { code: string }).code, 'request.method_not_allowed')
  }
})

test('a page of another origin is told by a preflight what it may do, but at the authorization endpoint (R-17)', async () => {
  const preflight = (path: string) =>
    fetch(world.issuer + path, {
      method: 'OPTIONS',
      headers: { origin: 'https://rp.example', 'access-control-request-method': 'POST' },
    })
  const answer = await preflight('/token')
  assert.equal(answer.status, 204)
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://rp.example')
  assert.equal(answer.headers.get('access-control-allow-methods'), 'POST')
  assert.equal((await preflight('/auth')).headers.get('access-control-allow-origin'), null)
})

test('a form of an interaction is taken with its cookie, its token and from our own pages only', async () => {
  const rp = await RelyingParty.create(world)
  const page = await rp.browser.open((await rp.start()).url)
  const [, , uid = ''] = page.url.pathname.split('/')
  const csrf = page.forms[0]?.fields.csrf ?? ''
  const rows = ROUTES.filter(({ guard }) => guard === 'interaction form')
  assert.ok(rows.length > 4)
  for (const row of rows) {
    const path = partsOf(row)[1].replace(':uid', uid).replace(':method', 'password')
    for (const [fields, headers] of [
      [{}, {}],
      [{ csrf: '' }, {}],
      [{ csrf: csrf.split('').reverse().join('') }, {}],
      [{ csrf: csrf.slice(0, -1) }, {}],
      [{ csrf: csrf.padEnd(8000, 'x') }, {}],
      [{ csrf }, { origin: 'https://evil.example' }],
      [{ csrf }, { 'sec-fetch-site': 'cross-site' }],
    ] as const) {
      const answer = await rp.browser.post(path, fields, { accept: 'application/json', ...headers })
      assert.equal(answer.status, 403, row.route)
      assert.match(answer.text, /"request\.forged"/, row.route)
    }
    const other = await new Browser(world.issuer).post(path, { csrf })
    assert.equal(other.status, 410, row.route)
  }
})

test('every other form is taken with its token only', async () => {
  const account = await world.addAccount('ada@example.com')
  const browser = new Browser(world.issuer)
  await browser.open(`/welcome/${await world.signIn.invitations.issue('set-password', account)}`)
  const { csrf = '' } = (await browser.get('/workbench/playground')).forms[0]?.fields ?? {}
  await browser.post('/workbench/playground/start', { csrf, client_id: 'playground', 'scope.openid': 'on' })
  await browser.open('/password/forgot')
  const rows = ROUTES.filter(({ guard }) => guard === 'form' || guard === 'session form')
  const password = await browser.press(await browser.open('/account'), 'continue', { identifier: 'ada@example.com' })
  const signedIn = await browser.press(password, 'sign-in', { password: PASSWORD })
  assert.equal(signedIn.url.pathname, '/account')
  for (const row of rows) {
    const attempts: Record<string, string>[] = [{}, { csrf: '' }, { csrf: 'x' }, { csrf: 'x'.repeat(8000) }]
    for (const fields of attempts) {
      const answer = await browser.post(partsOf(row)[1], fields, { accept: 'application/json' })
      assert.equal(answer.status, 403, row.route)
      assert.match(answer.text, /"request\.forged"/, row.route)
    }
  }
  assert.ok(rows.length > 2)
})

test('in production nothing of the workbench exists, and every answer carries HSTS', async () => {
  const database = await openTestDatabase()
  const secret = () => randomBytes(32).toString('base64url')
  const production = await createWorld({
    env: {
      ...everything,
      // Nobody listens there, and nothing is sent.
      GATEHOUSE_MAIL_FROM: 'gatehouse@example.com',
      GATEHOUSE_MAIL_SMTP_URL: 'smtps://localhost:9',
      NODE_ENV: 'production',
      ISSUER: 'https://id.example.com',
      MONGODB_URI: database.uri,
      GATEHOUSE_SECRETS_COOKIE_KEYS: `${secret()},${secret()}`,
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_MEMORY_KIB: '19456',
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_PASSES: '2',
    },
  })
  try {
    for (const row of ROUTES) {
      const [method, path] = partsOf(row)
      const answer = await ask(production, method, path)
      const isGone = row.isDevelopment === true
      assert.equal(answer.status, isGone ? 404 : row.status, row.route)
      assertHeaders(row, answer.headers, { isHttps: true, isError: isGone })
    }
  } finally {
    await production.close()
    await database.close()
  }
})

test('a fault is answered with the same headers', async () => {
  const broken: SignInMethod = {
    name: 'broken',
    identifies: true,
    step: 'any',
    proves: { factors: ['knowledge'], amr: ['pwd'] },
    available: () => Promise.reject(new Error('broken')),
    parse: (body: unknown) => body,
    verify: () => Promise.reject(new Error('broken')),
  }
  const faulty = await createWorld({ extraMethods: [{ signIn: broken }] })
  try {
    const rp = await RelyingParty.create(faulty)
    const answer = await rp.browser.open((await rp.start()).url)
    assert.equal(answer.status, 500)
    const row = { route: 'GET /interaction/:uid', guard: 'interaction', status: 500 } as const
    assertHeaders(row, answer.headers, { isError: true })
  } finally {
    await faulty.close()
  }
})
