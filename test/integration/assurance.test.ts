import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { Browser } from '../support/browser.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { addApp, codeOf, openAccount, toSecondStep } from '../support/two-factor.ts'
import { createWorld, type World } from '../support/world.ts'

const ONE = 'urn:gatehouse:acr:one-factor'
const TWO = 'urn:gatehouse:acr:two-factor'
const VAULT = 'https://vault.example'
const OPEN = 'https://open.example'

const permissions = [{ name: 'open:vault', title: 'Open the vault' }]
let world: World
let email: string
let count = 0
before(async () => {
  world = await createWorld({
    env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000', GATEHOUSE_ASSURANCE_SECOND_FACTOR: 'never' },
  })
  await world.access.apis.create({ identifier: OPEN, name: 'Open', permissions: [] })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `ada${count}@example.com`
  await world.addAccount(email)
  await world.access.apis
    .create({ identifier: VAULT, name: 'Vault', permissions, minimumAcr: TWO })
    .catch(() => world.access.apis.update({ identifier: VAULT, name: 'Vault', permissions, minimumAcr: TWO }))
})

const createApp = () => RelyingParty.create(world, { first_party: true })
const refresh = (rp: RelyingParty, token: string | undefined, resource?: string) =>
  oidc.refreshTokenGrant(rp.configuration, token ?? '', resource ? { resource } : {})

/** An app that has tokens from a sign-in by password, allowed to ask for the vault as well. */
async function signedInByPassword() {
  const rp = await createApp()
  await world.access.apis.update({ identifier: VAULT, name: 'Vault', permissions })
  const tokens = await rp.run(email, { resource: VAULT, scope: 'openid open:vault' })
  return { rp, tokens }
}

test('an API with a minimum is not met by a password: the missing step is asked for, and the token says so', async () => {
  const rp = await createApp()
  const key = await addApp(rp.browser, email)
  const started = await rp.start({ resource: VAULT, scope: 'openid open:vault' })
  const asked = await rp.browser.open(started.url)
  assert.match(asked.text, /name="code"/)
  const done = await rp.browser.press(asked, 'sign-in', { code: await codeOf(key) })
  const tokens = await rp.redeem(done, started, { resource: VAULT })
  const { acr, aud } = decodeJwt(tokens.access_token)
  assert.deepEqual([acr, aud], [TWO, VAULT])
})

test('an API without one asks for nothing more', async () => {
  const rp = await createApp()
  await openAccount(rp.browser, email)
  assert.ok(answerOf(await rp.browser.open((await rp.start({ resource: OPEN })).url)).code)
})

test('of two APIs the stricter one counts', async () => {
  const rp = await createApp()
  await addApp(rp.browser, email)
  const { url } = await rp.start()
  const asked = await rp.browser.open(`${url}&resource=${OPEN}&resource=${VAULT}`)
  assert.match(asked.text, /name="code"/)
})

test('where nobody may be asked, the app is told that a sign-in is needed', async () => {
  const rp = await createApp()
  await openAccount(rp.browser, email)
  const answer = await rp.browser.open((await rp.start({ resource: VAULT, prompt: 'none' })).url)
  assert.equal(answerOf(answer).error, 'login_required')
})

test('whoever has no second factor adds one on the way to such an API', async () => {
  const rp = await createApp()
  await openAccount(rp.browser, email)
  const page = await rp.browser.open((await rp.start({ resource: VAULT })).url)
  const adding = await rp.browser.press(page, 'enrol', { method: 'totp' })
  const key = /id="key"[^>]*>([^<]+)</.exec(adding.text)?.[1] ?? ''
  assert.ok(answerOf(await rp.browser.press(adding, 'confirm', { code: await codeOf(key) })).code)
})

test('a refresh never makes a token below the minimum, says why, and does not use the refresh token up', async () => {
  const { rp, tokens } = await signedInByPassword()
  const before = await refresh(rp, tokens.refresh_token, VAULT)
  assert.equal(decodeJwt(before.access_token).acr, ONE)
  await world.access.apis.update({ identifier: VAULT, name: 'Vault', permissions, minimumAcr: TWO })
  const refused = (error: oidc.ResponseBodyError) => {
    assert.deepEqual([error.error, error.status], ['invalid_target', 400])
    assert.match(error.error_description ?? '', /insufficient_user_authentication: .*acr_values=urn:gatehouse:acr:two/)
    return true
  }
  await assert.rejects(refresh(rp, before.refresh_token, VAULT), refused)
  await assert.rejects(refresh(rp, before.refresh_token, VAULT), refused)
  const other = await refresh(rp, before.refresh_token)
  assert.ok(other.access_token)
  await world.access.apis.update({ identifier: VAULT, name: 'Vault', permissions })
  assert.ok((await refresh(rp, other.refresh_token, VAULT)).access_token)
})

test('a code from before the minimum was raised gets no token for the API', async () => {
  const rp = await createApp()
  await world.access.apis.update({ identifier: VAULT, name: 'Vault', permissions })
  const started = await rp.start({ resource: VAULT, scope: 'openid open:vault' })
  const done = await rp.signIn(await rp.browser.open(started.url), email)
  await world.access.apis.update({ identifier: VAULT, name: 'Vault', permissions, minimumAcr: TWO })
  await assert.rejects(rp.redeem(done, started, { resource: VAULT }), { error: 'invalid_target' })
})

test('a minimum that nobody can reach is refused when it is registered', async () => {
  const api = { identifier: 'https://other.example', name: 'Other', permissions: [], minimumAcr: 'urn:no:such' }
  await assert.rejects(world.access.apis.create(api), { code: 'api.invalid' })
})

test('an organization asks its members for a second factor, wherever they go, and nobody else', async () => {
  const acme = await world.access.organizations.create({ name: 'Acme', needsSecondFactor: true })
  const account = await world.accounts.findByIdentifier(email)
  const { page: outside } = await toSecondStep(world, email)
  assert.equal(outside.url.pathname, '/account')
  await world.access.organizations.addMember(acme.id, { accountId: account?.id ?? '', roles: [] })
  // Whoever has none adds one; nothing goes on without.
  const { browser, page } = await toSecondStep(world, email)
  const adding = await browser.press(page, 'enrol', { method: 'totp' })
  const key = /id="key"[^>]*>([^<]+)</.exec(adding.text)?.[1] ?? ''
  const done = await browser.press(adding, 'confirm', { code: await codeOf(key) })
  assert.equal(done.url.pathname, '/account')
  const { page: asked } = await toSecondStep(world, email)
  assert.match(asked.text, /name="code"/)
  await world.access.organizations.removeMember(acme.id, account?.id ?? '')
  assert.equal((await toSecondStep(world, email)).page.url.pathname, '/account')
})

test('a session from before an organization became strict is asked for more at the next app', async () => {
  const acme = await world.access.organizations.create({ name: 'Acme' })
  const account = await world.accounts.findByIdentifier(email)
  await world.access.organizations.addMember(acme.id, { accountId: account?.id ?? '', roles: [] })
  const rp = await createApp()
  await addApp(rp.browser, email)
  assert.ok(answerOf(await rp.browser.open((await rp.start()).url)).code)
  await world.access.organizations.update(acme.id, { needsSecondFactor: true })
  assert.match((await rp.browser.open((await rp.start()).url)).text, /name="code"/)
})

test('no token acts for a strict organization that comes of one factor', async () => {
  const acme = await world.access.organizations.create({ name: 'Acme' })
  const account = await world.accounts.findByIdentifier(email)
  await world.access.organizations.addMember(acme.id, { accountId: account?.id ?? '', roles: [] })
  const rp = await createApp()
  const tokens = await rp.run(email, { resource: OPEN, scope: `openid organization:${acme.id}` })
  const before = await refresh(rp, tokens.refresh_token, OPEN)
  assert.equal(decodeJwt(before.access_token).organization_id, acme.id)
  await world.access.organizations.update(acme.id, { needsSecondFactor: true })
  await assert.rejects(refresh(rp, before.refresh_token, OPEN), { error: 'invalid_target' })
})

test('a browser that is signed out is asked who it is, whatever the API wants', async () => {
  const page = await new Browser(world.issuer).open((await (await createApp()).start({ resource: VAULT })).url)
  assert.match(page.text, /name="identifier"/)
})
