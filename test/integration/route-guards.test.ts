import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { readMail } from '../support/mails.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { asGoogle, leaveAndReturn, type RunningUpstream, startUpstreamProvider } from '../support/upstream-provider.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'
import { type Guard, ROUTES } from './route-table.ts'

// The secret that each guard of the table asks for: missing, wrong and too long it opens nothing and changes nothing,
// while what it guards is there to be opened.

const EMAIL = 'ada@example.com'
/** Longer than anything of ours, and short enough to get through a header. */
const LONG = 'x'.repeat(8000)

let upstream: RunningUpstream
let world: World
before(async () => {
  upstream = await startUpstreamProvider()
  world = await createWorld({ env: { ...asGoogle(upstream), GATEHOUSE_ACCOUNTS_REGISTRATION: 'open' } })
  await world.addAccount(EMAIL)
})
after(async () => {
  await world.close()
  await upstream.close()
})

/** Values that are not this one. */
const wrongFor = (right: string) => {
  const other = right.endsWith('A') ? 'B' : 'A'
  return [
    '',
    'x',
    '../x',
    '\u0000',
    `${right.slice(0, -1)}${other}`,
    `${right}A`,
    right.slice(0, -1),
    `${right}${LONG}`,
  ]
}

const rowsOf = (guard: Guard) =>
  ROUTES.filter((row) => row.guard === guard).map(({ route }) => route.split(' ') as [string, string])

/** What is counted and told of refusals may change, and who leads. */
const ABOUT_REFUSALS = new Set(['audit_events', 'rate_limits', 'leases'])

/** Everything else that is stored. */
async function readStored(): Promise<Record<string, unknown[]>> {
  const collections = (await world.connection.db?.collections()) ?? []
  const kept = collections.filter(({ collectionName }) => !ABOUT_REFUSALS.has(collectionName))
  const contents = kept.map(async (one) => [one.collectionName, await one.find().sort({ _id: 1 }).toArray()] as const)
  return Object.fromEntries(await Promise.all(contents))
}

/** Nothing that is stored is another afterwards. */
async function changesNothing(act: () => Promise<void>): Promise<void> {
  const before = await readStored()
  await act()
  assert.deepEqual(await readStored(), before)
}

async function signIn(browser: Browser, path: string): Promise<Page> {
  const password = await browser.press(await browser.open(path), 'continue', { identifier: EMAIL })
  return browser.press(password, 'sign-in', { password: PASSWORD })
}

/** Links that are good, by their route. */
async function makeLinks(): Promise<Record<string, string>> {
  const account = await world.addAccount('grace@example.com')
  const browser = new Browser(world.issuer)
  const page = await signIn(browser, '/account/email')
  await browser.press(page, 'change', { email: 'new@example.com' })
  const { code } = await readMail(world, 'new@example.com')
  await browser.press(await browser.open('/account/email'), 'confirm', { code })
  const { link: undo } = await readMail(world, EMAIL)
  await browser.press(await browser.open('/account/email'), 'change', { email: 'newer@example.com' })
  const { link: confirm } = await readMail(world, 'newer@example.com')
  const { token: reset } = await world.recovery.issue(account)
  const tokens = {
    '/welcome/:token': await world.signIn.invitations.issue('set-password', account),
    '/confirm/:token': confirm.split('/').at(-1) ?? '',
    '/email-undo/:token': undo.split('/').at(-1) ?? '',
    '/password/reset/:token': reset,
  }
  return tokens
}

test('a link that is not exactly the one that was sent is gone, and the one that was sent stays good', async () => {
  const links = await makeLinks()
  const rows = ROUTES.map(({ route }) => route.split(' ') as [string, string]).filter(([, path]) =>
    path.endsWith('/:token'),
  )
  assert.deepEqual(new Set(rows.map(([, path]) => path)), new Set(Object.keys(links)))
  const browser = new Browser(world.issuer)
  await changesNothing(async () => {
    for (const [method, path] of rows) {
      const right = links[path] ?? ''
      const { csrf = '' } = (await browser.get(path.replace(':token', right))).forms[0]?.fields ?? {}
      for (const wrong of wrongFor(right).filter((token) => token !== '')) {
        const address = path.replace(':token', encodeURIComponent(wrong))
        const answer = method === 'GET' ? await browser.get(address) : await browser.post(address, { csrf })
        assert.equal(answer.status, method === 'GET' ? 410 : 403, `${method} ${address}`)
        assert.equal(answer.location, undefined)
      }
    }
  })
  for (const [path, right] of Object.entries(links))
    assert.ok((await browser.open(path.replace(':token', right))).forms.length > 0, path)
})

/** The routes with this guard that somebody wrote a test for: whoever adds another one is asked for its test. */
const assertAre = (guard: Guard, ...paths: string[]) =>
  assert.deepEqual(new Set(rowsOf(guard).map(([, path]) => path)), new Set(paths))

test('an answer whose state is not the one that was sent leads nowhere', async () => {
  assertAre(
    'state',
    '/upstream/:provider/return',
    '/account/return',
    '/workbench/playground/callback',
    '/workbench/playground/run',
  )
  const rp = await RelyingParty.create(world)
  const asked = await rp.browser.open((await rp.start()).url)
  const answer = new URL(await leaveAndReturn(rp.browser, asked, upstream))
  const { code = '', state = '' } = Object.fromEntries(answer.searchParams)
  await changesNothing(async () => {
    for (const wrong of wrongFor(state)) {
      const given = { code, state: wrong }
      const got = await rp.browser.get(`${answer.pathname}?${new URLSearchParams(given)}`)
      const posted = await rp.browser.follow(await rp.browser.post(answer.pathname, given))
      assert.deepEqual([got.status, posted.status], [410, 410], wrong)
    }
    assert.equal((await rp.browser.get(`${answer.pathname}?code=${code}`)).status, 410)
    assert.equal((await rp.browser.get(`${answer.href}&state=${state}`)).status, 410)
  })
  assert.equal((await rp.browser.open(answer.href)).heading, 'Create an account')
})

test('a sign-in that comes back to the account pages with another state goes to their first one', async () => {
  const browser = new Browser(world.issuer)
  const sentAway = async () => {
    const { location = '' } = await browser.get('/account/devices')
    return new URL(location, world.issuer).searchParams.get('state') ?? ''
  }
  for (const wrong of wrongFor(await sentAway())) {
    await sentAway()
    const answer = await browser.get(`/account/return?${new URLSearchParams({ state: wrong })}`)
    assert.deepEqual([answer.status, answer.location], [303, '/account'], wrong)
  }
  const state = await sentAway()
  assert.equal((await browser.get(`/account/return?state=${state}`)).location, '/account/devices')
  // Once.
  assert.equal((await browser.get(`/account/return?state=${state}`)).location, '/account')
})

test('the playground gets no tokens for an answer with another state', async () => {
  const browser = new Browser(world.issuer)
  const home = await browser.open('/workbench/playground')
  const wishes = { client_id: 'playground', 'scope.openid': 'on' }
  const sent = await browser.post('/workbench/playground/start', { csrf: home.forms[0]?.fields.csrf ?? '', ...wishes })
  const state = new URL(sent.location ?? '').searchParams.get('state') ?? ''
  for (const wrong of wrongFor(state)) {
    const given = { code: 'a-code', state: wrong, iss: world.issuer }
    for (const answer of [
      await browser.open(`/workbench/playground/callback?${new URLSearchParams(given)}`),
      await browser.follow(await browser.post('/workbench/playground/callback', given)),
    ]) {
      assert.equal(answer.url.pathname, '/workbench/playground/run')
      assert.match(answer.text, /role="alert"/, wrong)
      assert.doesNotMatch(answer.text, /id="raw-/, wrong)
    }
  }
})

/** A browser in which somebody has just signed in. */
async function openSignedIn(email: string): Promise<Browser> {
  await world.addAccount(email)
  const browser = new Browser(world.issuer)
  const password = await browser.press(await browser.open('/account'), 'continue', { identifier: email })
  assert.equal((await browser.press(password, 'sign-in', { password: PASSWORD })).status, 200)
  return browser
}

test('nobody is signed out without what the page before has put into its form', async () => {
  const path = '/session/end/confirm'
  assertAre('confirmation', path)
  const readSecret = async (browser: Browser) => (await browser.open('/session/end')).forms[0]?.fields.xsrf ?? ''
  const [browser, another] = [await openSignedIn('sue@example.com'), await openSignedIn('tom@example.com')]
  const [xsrf, ofAnother] = [await readSecret(browser), await readSecret(another)]
  await changesNothing(async () => {
    assert.equal((await browser.post(path, { logout: 'yes' })).status, 400)
    assert.equal((await new Browser(world.issuer).post(path, { xsrf, logout: 'yes' })).status, 400)
    for (const wrong of [...wrongFor(xsrf), ofAnother])
      assert.equal((await browser.post(path, { xsrf: wrong, logout: 'yes' })).status, 400, wrong)
  })
  assert.equal((await browser.get('/account')).status, 200)
  await browser.post(path, { xsrf, logout: 'yes' })
  assert.equal((await browser.get('/account')).status, 303)
})

test('an interaction is shown under its own name only, and in its own browser', async () => {
  const rp = await RelyingParty.create(world)
  const begin = async (browser: Browser) =>
    (await browser.open((await rp.start()).url)).url.pathname.split('/')[2] ?? ''
  const [uid, ofAnother] = [await begin(rp.browser), await begin(new Browser(world.issuer))]
  const rows = rowsOf('interaction')
  assert.ok(rows.length > 5)
  await changesNothing(async () => {
    for (const [, path] of rows) {
      for (const wrong of [...wrongFor(uid).filter((name) => name !== ''), ofAnother]) {
        const address = path.replace(':uid', encodeURIComponent(wrong)).replace(':method', 'password')
        const answer = await rp.browser.get(address)
        assert.equal(answer.status, 410, address)
      }
    }
  })
  assert.equal((await rp.browser.get(`/interaction/${uid}`)).heading, 'Sign in')
})

test('a client that does not prove itself is told nothing, and ends nothing', async () => {
  const rp = await RelyingParty.create(world, { token_endpoint_auth_method: 'client_secret_basic' })
  const { client_secret: secret } = rp.configuration.clientMetadata()
  const { email } = await world.addAccount('hal@example.com')
  const tokens = await rp.run(email, { scope: 'openid offline_access', prompt: 'consent' })
  const token = tokens.refresh_token ?? ''
  const asked = new URL((await rp.start()).url).searchParams
  const fields = new URLSearchParams({
    ...Object.fromEntries(asked),
    grant_type: 'refresh_token',
    refresh_token: token,
    token,
  })
  const rows = rowsOf('client')
  assertAre('client', '/request', '/token', '/token/introspection', '/token/revocation')
  const ask = (path: string, headers: Record<string, string>, more: Record<string, string> = {}) =>
    fetch(world.issuer + path, {
      method: 'POST',
      headers,
      body: new URLSearchParams([...fields, ...Object.entries(more)]),
    })
  const basic = (id: string, password: string) => ({
    authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(password)}`)}`,
  })
  await changesNothing(async () => {
    for (const [, path] of rows) {
      const answers = [
        await ask(path, {}),
        await ask(path, basic('nobody', String(secret))),
        await ask(path, { authorization: 'Basic' }),
        await ask(path, { authorization: `Basic ${LONG}` }),
        await ask(path, { authorization: 'Basic !!!' }),
      ]
      for (const wrong of wrongFor(String(secret)))
        answers.push(await ask(path, basic(rp.clientId, wrong)), await ask(path, {}, { client_secret: wrong }))
      for (const answer of answers) {
        assert.ok(answer.status === 400 || answer.status === 401, `${path} ${answer.status}`)
        const { error, ...rest } = (await answer.json()) as Record<string, unknown>
        assert.match(String(error), /^invalid_(client|request)$/, path)
        assert.deepEqual(
          Object.keys(rest).filter((name) => name !== 'error_description'),
          [],
          path,
        )
      }
    }
  })
  const right = await ask('/token/introspection', basic(rp.clientId, String(secret)))
  assert.equal(((await right.json()) as { active: boolean }).active, true)
})

test('a token that is not exactly the one that was given opens nothing', async () => {
  const rp = await RelyingParty.create(world)
  const { email } = await world.addAccount('ida@example.com')
  const { access_token } = await rp.run(email)
  const { token: invitation } = await world.clients.invitations.issue({ uses: 5, days: 1 })
  const register = (bearer: string) =>
    fetch(`${world.issuer}/reg`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://rp.example/x'], token_endpoint_auth_method: 'none' }),
    })
  const registered = (await (await register(invitation)).json()) as Record<string, string>
  const right: Record<string, string> = {
    '/me': access_token,
    '/reg': invitation,
    '/reg/:clientId': registered.registration_access_token ?? '',
  }
  const rows = rowsOf('bearer')
  assertAre('bearer', ...Object.keys(right))
  await changesNothing(async () => {
    for (const [method, path] of rows) {
      const token = right[path] ?? ''
      assert.notEqual(token, '', path)
      const others = Object.values(right).filter((other) => other !== token)
      for (const wrong of [...wrongFor(token), ...others].filter((text) => text !== '\u0000')) {
        const answer = await fetch(world.issuer + path.replace(':clientId', registered.client_id ?? ''), {
          method,
          headers: { authorization: `Bearer ${wrong}`, 'content-type': 'application/json' },
          ...(method === 'PUT' || (method === 'POST' && path === '/reg') ? { body: '{}' } : {}),
        })
        assert.ok(
          answer.status === 401 || answer.status === 400,
          `${method} ${path} ${answer.status} ${wrong.slice(0, 80)}`,
        )
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /, path)
      }
    }
  })
  assert.equal(
    (await fetch(`${world.issuer}/me`, { headers: { authorization: `Bearer ${access_token}` } })).status,
    200,
  )
})

test('a session is known by its cookie, signed and whole', async () => {
  const browser = await openSignedIn('joan@example.com')
  const name = 'gatehouse.session'
  const right = browser.cookies.get(`${name};/`)?.value ?? ''
  const signed = (value: string) => {
    const key = world.config.secrets.cookieKeys[0] ?? ''
    const signature = createHmac('sha1', key).update(`${name}=${value}`).digest('base64url')
    return `${name}=${value}; ${name}.sig=${signature}`
  }
  const ask = (path: string, cookie: string) => {
    const address = path.replace(':method', 'password').replace(':id', 'x')
    return fetch(world.issuer + address, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' })
  }
  assert.equal((await ask('/account', signed(right))).status, 200)
  const wrong = wrongFor(right).filter((value) => value !== '\u0000')
  const cookies = [`${name}=${right}`, `${signed(right)}x`, `${signed('x')}; ${name}=${right}`, ...wrong.map(signed)]
  await changesNothing(async () => {
    for (const [, path] of rowsOf('session')) {
      for (const cookie of cookies) {
        const answer = await ask(path, cookie)
        assert.equal(answer.status, 303, `${path} ${cookie.slice(0, 200)}`)
        assert.match(answer.headers.get('location') ?? '', /^\/auth\?/, path)
      }
    }
  })
})
