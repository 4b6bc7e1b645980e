import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser } from '../support/browser.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com')
})
after(() => world.close())

async function reachConsent(rp: RelyingParty, parameters: Record<string, string> = {}) {
  const started = await rp.start(parameters)
  const identified = await rp.browser.press(await rp.browser.open(started.url), 'continue', {
    identifier: 'ada@example.com',
  })
  return { started, page: await rp.browser.press(identified, 'sign-in', { password: PASSWORD }) }
}

test('consent says in plain words what is asked for, by whom, with links and logo', async () => {
  const rp = await RelyingParty.create(world, {
    client_name: 'Reading Room',
    logo_uri: 'https://rp.example/logo.png',
    policy_uri: 'https://rp.example/privacy',
    tos_uri: 'https://rp.example/terms',
  })
  const { page } = await reachConsent(rp)
  assert.equal(page.heading, 'Reading Room would like to use your account')
  assert.match(page.text, /See your e-mail address<small>ada@example\.com/)
  for (const link of ['https://rp.example/privacy', 'https://rp.example/terms', 'https://rp.example/logo.png'])
    assert.ok(page.text.includes(link))
  assert.match(page.headers.get('content-security-policy') ?? '', /img-src 'self' https:\/\/rp\.example\/logo\.png/)
})

test('refusing gives access_denied', async () => {
  const rp = await RelyingParty.create(world)
  const { page } = await reachConsent(rp)
  assert.equal(answerOf(await rp.browser.press(page, 'deny')).error, 'access_denied')
  assert.equal((await world.events('consent.denied')).length, 1)
})

test('consent is remembered for this client and these scopes, in other sessions too', async () => {
  const rp = await RelyingParty.create(world)
  await rp.run('ada@example.com', { scope: 'openid email' })
  rp.browser = new Browser(world.issuer)
  const again = await rp.start({ scope: 'openid email' })
  const identified = await rp.browser.press(await rp.browser.open(again.url), 'continue', {
    identifier: 'ada@example.com',
  })
  const done = await rp.browser.press(identified, 'sign-in', { password: PASSWORD })
  assert.ok(answerOf(done).code)
  const more = await rp.start({ scope: 'openid email profile' })
  const asked = await rp.browser.open(more.url)
  assert.match(asked.heading ?? '', /would like/)
  const silent = await rp.start({ scope: 'openid email profile', prompt: 'none' })
  assert.equal(answerOf(await rp.browser.open(silent.url)).error, 'consent_required')
})

test('prompt=consent asks although it is remembered', async () => {
  const rp = await RelyingParty.create(world)
  await rp.run('ada@example.com')
  const { url } = await rp.start({ prompt: 'consent' })
  assert.match((await rp.browser.open(url)).heading ?? '', /would like/)
})

test('nobody is asked for a first-party client', async () => {
  const rp = await RelyingParty.create(world, { first_party: true })
  const { page } = await reachConsent(rp)
  assert.ok(answerOf(page).code)
  const wider = await rp.start({ scope: 'openid profile email', prompt: 'none' })
  assert.ok(answerOf(await rp.browser.open(wider.url)).code)
})

test('switching accounts at consent leads to choosing, to sign-in and then back to the client', async () => {
  await world.addAccount('bob@example.com')
  const rp = await RelyingParty.create(world)
  const { page, started } = await reachConsent(rp)
  const signIn = await rp.browser.press(page, 'switch')
  const identifier = await rp.browser.press(signIn, 'other')
  const tokens = await rp.redeem(await rp.signIn(identifier, 'bob@example.com'), started)
  const bob = await world.accounts.findByIdentifier('bob@example.com')
  assert.equal(tokens.claims()?.sub, bob?.id)
})

test('two presses at once on Allow do no harm', async () => {
  const rp = await RelyingParty.create(world)
  const { page, started } = await reachConsent(rp)
  const [one, two] = await Promise.all([rp.browser.send(page, 'allow'), rp.browser.send(page, 'allow')])
  assert.deepEqual([one.status, two.status], [303, 303])
  assert.ok(await rp.redeem(await rp.browser.follow(one), started))
})
