import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Database } from '../../src/platform/database/index.ts'
import { DEVICE_COOKIE } from '../../src/provider/index.ts'
import { Browser, type Page } from '../support/browser.ts'
import { openTestDatabase } from '../support/database.ts'
import { readMail } from '../support/mails.ts'
import { throughProxy } from '../support/proxy.ts'
import { addApp, codeOf, openAccount } from '../support/two-factor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const authorizationUrl = (world: World, clientId: string, parameters: Record<string, string> = {}) =>
  `${world.issuer}/auth?${new URLSearchParams({
    client_id: clientId,
    redirect_uri: 'https://rp.example/callback',
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
    ...parameters,
  })}`

async function signIn(browser: Browser, page: Page): Promise<Page> {
  const asked = await browser.press(page, 'continue', { identifier: 'ada@example.com' })
  const proved = await browser.press(asked, 'sign-in', { password: PASSWORD })
  return proved.forms.some(({ actions }) => actions.includes('allow')) ? browser.press(proved, 'allow') : proved
}

/** A second step at the account pages, after which the browser is trusted. */
async function trust(world: World, browser: Browser): Promise<void> {
  const { email } = await world.addAccount('trusts@example.com')
  const key = await addApp(new Browser(world.issuer, throughProxy(world.config.server.port)), email)
  browser.cookies.clear()
  const asked = await openAccount(browser, email)
  const done = await browser.press(asked, 'sign-in', { code: await codeOf(key), trust: 'yes' })
  assert.equal(done.url.pathname, '/account')
}

/** A forgotten password, from asking for a mail to the new one. */
async function recover(world: World, browser: Browser): Promise<void> {
  const { email } = await world.addAccount('forgets@example.com')
  const sent = await browser.press(await browser.open('/password/forgot'), 'send', { identifier: email })
  const proved = await browser.press(sent, 'confirm', { code: (await readMail(world, email)).code })
  const done = await browser.press(proved, 'save', { password: 'Another horse & 7 carts' })
  assert.equal(done.heading, 'Your new password is set')
}

/**
 * Everything that sets a cookie: a sign-in, a one-time link, the language switch, account pages, a browser that is
 * trusted, a forgotten password, a run of the playground.
 */
async function walk(world: World): Promise<Browser> {
  const account = await world.addAccount('ada@example.com')
  const { client_id } = await world.addClient()
  const browser = new Browser(world.issuer, throughProxy(world.config.server.port))
  const end = await signIn(browser, await browser.open(authorizationUrl(world, client_id)))
  assert.match(end.location ?? '', /^https:\/\/rp\.example\/callback\?code=/)
  const link = await world.signIn.invitations.issue('set-password', account)
  await browser.press(await browser.open(`/welcome/${link}`), 'save', { password: PASSWORD })
  await trust(world, browser)
  await recover(world, browser)
  await browser.get('/language/de')
  // The playground asks its own issuer as an app does, and a name that is made up leads nowhere.
  if (world.issuer.startsWith('http:')) {
    const { csrf = '' } = (await browser.get('/workbench/playground')).forms[0]?.fields ?? {}
    await browser.post('/workbench/playground/start', { csrf, client_id: 'playground', 'scope.openid': 'on' })
  }
  return browser
}

interface SetCookie {
  readonly name: string
  readonly value: string
  readonly attributes: ReadonlySet<string>
}

function parse(line: string): SetCookie {
  const [pair = '', ...rest] = line.split('; ')
  const at = pair.indexOf('=')
  return {
    name: pair.slice(0, at),
    value: pair.slice(at + 1),
    attributes: new Set(rest.map((part) => part.toLowerCase()).filter((part) => !/^(expires|max-age)=/.test(part))),
  }
}

/** Each cookie that is set, without its prefix, and where it holds. Nothing else is ever set. */
const COOKIES: readonly { name: string; prefix: string; path: RegExp; isSigned: boolean; isOverHttp?: boolean }[] = [
  { name: 'gatehouse.session', prefix: '__Host-', path: /^path=\/$/, isSigned: true },
  { name: 'gatehouse.accounts', prefix: '__Host-', path: /^path=\/$/, isSigned: true },
  { name: 'gatehouse.interaction', prefix: '__Secure-', path: /^path=\/interaction\/[\w-]+$/, isSigned: true },
  { name: 'gatehouse.ways', prefix: '__Secure-', path: /^path=\/interaction$/, isSigned: true },
  { name: 'gatehouse.resume', prefix: '__Secure-', path: /^path=\/auth\/[\w-]+$/, isSigned: true },
  { name: 'gatehouse.browser', prefix: '__Host-', path: /^path=\/$/, isSigned: true },
  { name: 'gatehouse.device', prefix: '__Host-', path: /^path=\/$/, isSigned: true },
  { name: 'gatehouse.return', prefix: '__Secure-', path: /^path=\/account\/return$/, isSigned: true },
  { name: 'gatehouse.reset', prefix: '__Host-', path: /^path=\/$/, isSigned: true },
  { name: 'gatehouse.welcome', prefix: '__Host-', path: /^path=\/$/, isSigned: true },
  { name: 'gatehouse.playground', prefix: '__Secure-', path: /^path=\/workbench$/, isSigned: true, isOverHttp: true },
  { name: 'gatehouse.lang', prefix: '__Host-', path: /^path=\/$/, isSigned: false },
]

test('every cookie that the program has a name for is in the table', () => {
  const source = globSync('src/**/*.ts', { exclude: ['src/web/cookie.ts'] }).map((file) => readFileSync(file, 'utf8'))
  const names = source.flatMap((text) => [
    ...[...text.matchAll(/createCookie\(\{[^}]*?\bname: '?(\w+)/g)].map(([, name]) => name),
    ...[...text.matchAll(/cookieName\(issuer, '(\w+)'/g)].map(([, name]) => name),
  ])
  const all = new Set(names.map((name) => `gatehouse.${name === 'DEVICE_COOKIE' ? DEVICE_COOKIE : name}`))
  assert.deepEqual([...all].sort(), COOKIES.map(({ name }) => name).sort())
})

for (const issuer of ['https://id.example.com', undefined]) {
  const isHttps = issuer !== undefined
  test(`R-41: every cookie of ${isHttps ? 'an https' : 'an http'} issuer has its name and flags`, async () => {
    const world = await createWorld(isHttps ? { env: { ISSUER: issuer } } : {})
    try {
      const { cookieLines } = await walk(world)
      const expected = COOKIES.filter(({ isOverHttp }) => !isHttps || !isOverHttp).flatMap((cookie) => {
        const { name, prefix, path, isSigned } = cookie
        const full = isHttps ? prefix + name : name
        return [full, ...(isSigned ? [`${full}.sig`] : [])].map((own) => ({ name: own, path }))
      })
      const set = cookieLines.map(parse)
      assert.deepEqual([...new Set(set.map(({ name }) => name))].sort(), expected.map(({ name }) => name).sort())
      for (const { name, attributes } of set) {
        const { path = /$^/ } = expected.find((cookie) => cookie.name === name) ?? {}
        const [at = '', ...rest] = [...attributes].filter((part) => part.startsWith('path='))
        assert.match(at, path, name)
        assert.deepEqual(rest, [], name)
        const flags = [...attributes].filter((part) => !part.startsWith('path=')).sort()
        assert.deepEqual(flags, ['httponly', 'samesite=lax', ...(isHttps ? ['secure'] : [])], name)
      }
      // 128 random bits and more; what they say is kept on the server.
      for (const { value } of set.filter(
        ({ name, value }) => /session$|interaction$|browser$|device$|reset$|welcome$|playground$/.test(name) && value,
      ))
        assert.match(value, /^[\w-]{21,}$/)
    } finally {
      await world.close()
    }
  })
}

const newKey = () => randomBytes(32).toString('base64url')

let database: Database
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())

test('cookie keys are changed: the first signs, all are accepted, and one that was removed is not any more', async (t) => {
  const [oldKey, key, sealingKey] = [newKey(), newKey(), newKey()]
  const issuer = 'https://id.example.com'
  const open = async (...keys: string[]) => {
    const world = await createWorld({
      env: {
        ISSUER: issuer,
        MONGODB_URI: database.uri,
        GATEHOUSE_SECRETS_SEALING_KEYS: sealingKey,
        GATEHOUSE_SECRETS_COOKIE_KEYS: keys.join(),
      },
    })
    t.after(() => world.close())
    return world
  }
  /** The same browser, now in front of this process. */
  const before = (world: World, cookies: Browser['cookies']) => {
    const browser = new Browser(issuer, throughProxy(world.config.server.port))
    for (const [name, cookie] of cookies) browser.cookies.set(name, cookie)
    return browser
  }
  const isSignedIn = async (world: World, browser: Browser) => {
    const page = await browser.open(authorizationUrl(world, clientId, { prompt: 'none' }))
    return new URL(page.location ?? '').searchParams.has('code')
  }

  const first = await open(oldKey)
  await first.addAccount('ada@example.com')
  const { client_id: clientId } = await first.addClient({ first_party: true })
  const browser = before(first, new Map())
  await signIn(browser, await browser.open(authorizationUrl(first, clientId)))
  const form = await browser.open(authorizationUrl(first, clientId, { prompt: 'login' }))

  const second = await open(key, oldKey)
  const later = before(second, browser.cookies)
  // A form that was open all the while is taken as well.
  const answer = await later.send(form, 'sign-in', { password: PASSWORD })
  assert.equal(answer.status, 303, answer.text)
  assert.equal(await isSignedIn(second, before(second, browser.cookies)), true)
  await later.follow(answer)
  assert.equal(await isSignedIn(second, later), true)
  // A11: the sign-in has renewed the session id, and the one before is worth nothing.
  assert.equal(await isSignedIn(second, before(second, browser.cookies)), false)
  const fresh = before(second, new Map())
  await signIn(fresh, await fresh.open(authorizationUrl(second, clientId)))

  const third = await open(key)
  assert.equal(await isSignedIn(third, before(third, browser.cookies)), false)
  assert.equal(await isSignedIn(third, before(third, fresh.cookies)), true)

  const fourth = await open(newKey())
  assert.equal(await isSignedIn(fourth, before(fourth, fresh.cookies)), false)
})
