import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as oidc from 'openid-client'
import { hashSecret } from '../../src/platform/ids.ts'
import type { Browser } from '../support/browser.ts'
import { RelyingParty, type Started } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

const ADA = 'ada@example.com'
const ROUNDS = 5

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount(ADA)
})
after(() => world.close())

/** A browser that is signed in. */
async function signedIn(): Promise<Browser> {
  const first = await RelyingParty.create(world, { first_party: true })
  await first.run(ADA)
  return first.browser
}

/** Apps that this browser uses, none of them for the first time anywhere. */
async function appsIn(browser: Browser, count: number, metadata = {}): Promise<RelyingParty[]> {
  const apps = await Promise.all(
    Array.from({ length: count }, () => RelyingParty.create(world, { first_party: true, ...metadata })),
  )
  for (const app of apps) app.browser = browser
  return apps
}

/** Opens all of these in tabs of one browser at the same time. @returns the tokens of each */
async function openTogether(browser: Browser, tabs: readonly { app: RelyingParty; started: Started }[]) {
  const pages = await Promise.all(tabs.map(({ started }) => browser.get(started.url)))
  return Promise.all(tabs.map(async ({ app, started }, index) => app.redeem(pages[index] ?? assert.fail(), started)))
}

const startAll = (apps: readonly RelyingParty[], parameters = {}) =>
  Promise.all(apps.map(async (app) => ({ app, started: await app.start(parameters) })))

const refreshed = ({ configuration }: RelyingParty, token = '') =>
  oidc.refreshTokenGrant(configuration, token).then(
    () => 'refreshed',
    ({ error }: { error: string }) => error,
  )

async function signOut(browser: Browser): Promise<void> {
  const page = await browser.open('/session/end')
  const form = page.forms[0] ?? assert.fail('nothing to sign out of')
  await browser.post(form.action, { ...form.fields, logout: 'yes' })
}

/** Whether the browser's cookie names a session that is there. */
async function hasSession({ cookies }: Browser): Promise<boolean> {
  const cookie = [...cookies.values()].find(({ name }) => name.endsWith('session'))
  const _id = hashSecret(cookie?.value ?? '') as never
  return (await world.connection.collection('artifacts').countDocuments({ _id, kind: 'Session' })) === 1
}

test('apps that are opened at the same time all get in, and signing out ends all of them', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const browser = await signedIn()
    const apps = await appsIn(browser, 6)
    const tabs = await startAll(apps, { scope: 'openid offline_access', prompt: 'consent' })
    // The first visit of each, beside the others.
    const plain = await startAll(apps)
    assert.equal((await openTogether(browser, plain)).length, apps.length)
    const pages = await Promise.all(tabs.map(({ started }) => browser.open(started.url)))
    const tokens: { refresh_token?: string | undefined }[] = []
    for (const [index, { app, started }] of tabs.entries()) {
      tokens.push(await app.redeem(await app.consent(pages[index] ?? assert.fail()), started))
    }
    await signOut(browser)
    const after = await Promise.all(tabs.map(({ app }, index) => refreshed(app, tokens[index]?.refresh_token)))
    assert.deepEqual(new Set(after), new Set(['invalid_grant']))
  }
})

test('an app that is opened in several tabs at the same time gets in with all of them, with one grant', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const browser = await signedIn()
    const [app = assert.fail()] = await appsIn(browser, 1, { backchannel_logout_uri: 'https://rp.example/logout' })
    const scopes = ['openid email', 'openid profile', 'openid', 'openid email profile']
    const tabs = await Promise.all(scopes.map(async (scope) => ({ app, started: await app.start({ scope }) })))
    const tokens = await openTogether(browser, tabs)
    const sids = new Set(tokens.map((token) => token.claims()?.sid))
    assert.equal(sids.size, 1)
    assert.equal(sids.has(undefined), false)
    const grants = await world.connection
      .collection('artifacts')
      .distinct('grantId', { kind: 'AccessToken', clientId: app.clientId })
    assert.equal(grants.length, 1)
    for (const [index, { access_token }] of tokens.entries()) {
      const info = await oidc.fetchUserInfo(app.configuration, access_token, oidc.skipSubjectCheck)
      assert.equal('email' in info, scopes[index]?.includes('email'))
      assert.equal('name' in info, scopes[index]?.includes('profile'))
    }
  }
})

test('a consent that is given while another app is opened leaves one session, which signing out ends for both', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const browser = await signedIn()
    const [asking = assert.fail(), other = assert.fail()] = await appsIn(browser, 2)
    const begun = await asking.start({ scope: 'openid offline_access', prompt: 'consent' })
    const allowed = await browser.send(await browser.open(begun.url), 'allow')
    const resume = new URL(allowed.location ?? '', allowed.url).href
    const beside = await other.start()
    const [pageOfAsking, pageOfOther] = await Promise.all([browser.get(resume), browser.get(beside.url)])
    const tokens = await asking.redeem(pageOfAsking, begun)
    assert.ok((await other.redeem(pageOfOther, beside)).access_token)
    assert.ok(await hasSession(browser))
    await signOut(browser)
    assert.equal(await refreshed(asking, tokens.refresh_token), 'invalid_grant')
  }
})

test('a session that ends while an app is opened lets the app in no more', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const browser = await signedIn()
    const [app = assert.fail()] = await appsIn(browser, 1)
    const started = await app.start({ scope: 'openid', prompt: 'none' })
    const page = await browser.open('/session/end')
    const form = page.forms[0] ?? assert.fail()
    const [opened] = await Promise.all([
      browser.get(started.url),
      browser.post(form.action, { ...form.fields, logout: 'yes' }),
    ])
    const tokens = await app.redeem(opened, started).catch(() => undefined)
    if (!tokens) continue
    await assert.rejects(oidc.fetchUserInfo(app.configuration, tokens.access_token, oidc.skipSubjectCheck))
  }
})
