import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as oidc from 'openid-client'
import { Browser } from '../support/browser.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())

test('suspending ends sessions, grants and tokens at once, and a live cookie leads to sign-in', async () => {
  const account = await world.addAccount('ada@example.com')
  const confidential = { token_endpoint_auth_method: 'client_secret_basic' }
  const rp = await RelyingParty.create(world, { first_party: true, ...confidential })
  const tokens = await rp.run('ada@example.com', { scope: 'openid offline_access', prompt: 'consent' })
  assert.equal((await oidc.tokenIntrospection(rp.configuration, tokens.access_token)).active, true)
  await world.accounts.suspend(account.id, 'test')
  assert.equal((await oidc.tokenIntrospection(rp.configuration, tokens.access_token)).active, false)
  await assert.rejects(oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? ''), { error: 'invalid_grant' })
  const { url } = await rp.start()
  const page = await rp.browser.open(url)
  assert.equal(page.heading, 'Sign in')

  const refused = await rp.signIn(page, 'ada@example.com')
  assert.equal(refused.status, 403)
  assert.equal(refused.heading, 'This account is suspended')
  assert.equal((await world.events('sign_in.refused')).length, 1)
  assert.equal(answerOf(await rp.browser.press(refused, 'abort')).error, 'access_denied')
  await world.accounts.reactivate(account.id)
  rp.browser = new Browser(world.issuer)
  assert.ok((await rp.run('ada@example.com')).access_token)
})

test('whether an account is suspended is told only to who knows its password', async () => {
  const account = await world.addAccount('carl@example.com')
  await world.accounts.suspend(account.id)
  const rp = await RelyingParty.create(world)
  const page = await rp.browser.press(await rp.browser.open((await rp.start()).url), 'continue', {
    identifier: 'carl@example.com',
  })
  const wrong = await rp.browser.press(page, 'sign-in', { password: 'wrong' })
  assert.match(wrong.text, /That did not match/)
  assert.doesNotMatch(wrong.text, /suspended/)
})

test('a session whose account is gone leads to sign-in, never to an error', async () => {
  const account = await world.addAccount('gone@example.com')
  const rp = await RelyingParty.create(world)
  await rp.run('gone@example.com')
  await world.connection.collection<{ _id: string }>('accounts').deleteOne({ _id: account.id })
  const page = await rp.browser.open((await rp.start()).url)
  assert.equal(page.heading, 'Sign in')
  await world.addAccount('next@example.com')
  assert.ok(answerOf(await rp.signIn(page, 'next@example.com')).code)
  const silent = await rp.browser.open((await rp.start({ prompt: 'none' })).url)
  assert.ok(answerOf(silent).code)
})

test('a closed account cannot sign in, and cannot be reopened', async () => {
  const account = await world.addAccount('closed@example.com')
  await world.accounts.close(account.id)
  const rp = await RelyingParty.create(world)
  const page = await rp.signIn(await rp.browser.open((await rp.start()).url), 'closed@example.com')
  assert.equal(page.heading, 'This account is closed')
  await assert.rejects(world.accounts.reactivate(account.id), { code: 'account.unknown' })
})

test('without offline_access a refresh token ends with the session; with it, it outlives the session by idling', async (t) => {
  await world.addAccount('idle@example.com')
  const rp = await RelyingParty.create(world)
  const bound = await rp.run('idle@example.com')
  rp.browser = new Browser(world.issuer)
  const free = await rp.run('idle@example.com', { scope: 'openid offline_access', prompt: 'consent' })
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3700_000 })
  await assert.rejects(oidc.refreshTokenGrant(rp.configuration, bound.refresh_token ?? ''), { error: 'invalid_grant' })
  const next = await oidc.refreshTokenGrant(rp.configuration, free.refresh_token ?? '')
  assert.ok(next.refresh_token)
  assert.equal((await rp.browser.open((await rp.start()).url)).heading, 'Sign in')
  t.mock.timers.setTime(Date.now() + 7 * 86_400_000)
  await assert.rejects(oidc.refreshTokenGrant(rp.configuration, next.refresh_token ?? ''), { error: 'invalid_grant' })
})

test('signing out ends offline access too', async () => {
  await world.addAccount('out@example.com')
  const rp = await RelyingParty.create(world)
  const tokens = await rp.run('out@example.com', { scope: 'openid offline_access', prompt: 'consent' })
  const confirm = await rp.browser.open('/session/end')
  assert.equal(confirm.heading, 'Sign out?')
  const [form] = confirm.forms
  const done = await rp.browser.follow(await rp.browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' }))
  assert.equal(done.heading, 'You are signed out')
  await assert.rejects(oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? ''), { error: 'invalid_grant' })
})

test('nobody is signed out without being asked, and staying stays', async () => {
  await world.addAccount('stay@example.com')
  const rp = await RelyingParty.create(world, { first_party: true })
  await rp.run('stay@example.com')
  const page = await rp.browser.open('/session/end')
  assert.doesNotMatch(page.text, /data-auto-submit/)
  const [form] = page.forms
  await rp.browser.follow(await rp.browser.post(form?.action ?? '', { ...form?.fields }))
  assert.ok(answerOf(await rp.browser.open((await rp.start({ prompt: 'none' })).url)).code)
})

test('sign-out leads back to registered addresses only, and never with a forged hint', async () => {
  const rp = await RelyingParty.create(world)
  await world.addAccount('hint@example.com')
  const tokens = await rp.run('hint@example.com')
  const wrong = [
    `id_token_hint=${tokens.id_token}&post_logout_redirect_uri=${encodeURIComponent('https://evil.example/')}`,
    `id_token_hint=${tokens.id_token}&post_logout_redirect_uri=${encodeURIComponent('https://rp.example/?x=1')}`,
    `id_token_hint=${tokens.id_token?.slice(0, -8)}AAAAAAAA&post_logout_redirect_uri=${encodeURIComponent('https://rp.example/')}`,
    'id_token_hint=nonsense',
    'client_id=nobody',
  ]
  for (const query of wrong) {
    const page = await rp.browser.get(`/session/end?${query}`)
    assert.equal(page.status, 400, query)
    assert.equal(page.location, undefined)
    assert.match(page.text, /give this reference/)
  }
  const unhinted = await rp.browser.open(
    `/session/end?post_logout_redirect_uri=${encodeURIComponent('https://rp.example/')}`,
  )
  const [form] = unhinted.forms
  const done = await rp.browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
  assert.match(done.location ?? '', /\/session\/end\/success/)
  const after = await rp.browser.get('/session/end?state=x')
  assert.match(after.text, /data-auto-submit/)
})

test('an account that was never given a password cannot sign in, and looks like any other', async () => {
  await world.accounts.register({ email: 'empty@example.com', via: 'cli' })
  const rp = await RelyingParty.create(world)
  const page = await rp.browser.press(await rp.browser.open((await rp.start()).url), 'continue', {
    identifier: 'empty@example.com',
  })
  assert.match((await rp.browser.press(page, 'sign-in', { password: PASSWORD })).text, /That did not match/)
})
