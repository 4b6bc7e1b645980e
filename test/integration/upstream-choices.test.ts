import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { configFolder } from '../support/config-files.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { addApp, openAccount } from '../support/two-factor.ts'
import { goThrough, type RunningUpstream, startUpstreamProvider } from '../support/upstream-provider.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let upstream: RunningUpstream
before(async () => {
  upstream = await startUpstreamProvider()
})
after(() => upstream.close())

/** A program with two providers from a file: one that people of a domain are sent to and that is believed, and one more. */
async function openWorld(t: TestContext): Promise<World> {
  const { issuer, clientId, clientSecret } = upstream
  const common = { issuer, clientId, clientSecret }
  const openid = [
    { id: 'corp', label: 'Example Corp', ...common, domains: ['corp.example'], trusts: ['two-steps'] },
    { id: 'campus', label: 'Campus', ...common },
  ]
  const file = JSON.stringify({
    outbound: { allowedPrivateAddresses: ['127.0.0.0/8'] },
    accounts: { registration: 'open' },
    upstream: { openid },
  })
  const world = await createWorld({ configDir: configFolder(t, { 'test.yaml': file }) })
  t.after(() => world.close())
  return world
}

const choicesOf = (page: Page) => page.forms.flatMap(({ fields }) => fields.choice ?? [])
async function signOut(browser: Browser): Promise<void> {
  const page = await browser.open('/session/end')
  const [form] = page.forms
  await browser.follow(await browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' }))
}
const openFirst = (browser: Browser) => browser.open('/account')

test('several providers of one kind stand beside each other, and the last used comes first', async (t) => {
  const world = await openWorld(t)
  await world.addAccount('ada@example.com')
  upstream.person = { sub: 'ada', email: 'ada@example.com', email_verified: true }
  const browser = new Browser(world.issuer)
  const first = await openFirst(browser)
  assert.deepEqual(choicesOf(first), ['corp', 'campus'])
  assert.doesNotMatch(first.text, /Last used/)

  const asked = await browser.press(await goThrough(browser, first, upstream, 'campus'), 'have-account')
  const link = await browser.press(asked, 'sign-in', { password: PASSWORD })
  await browser.press(link, 'connect')
  await signOut(browser)
  await goThrough(browser, await openFirst(browser), upstream, 'campus')
  await signOut(browser)
  const again = await openFirst(browser)
  assert.deepEqual(choicesOf(again), ['campus', 'corp'])
  assert.match(again.text, /Continue with Campus <span class="tag">Last used/)
  assert.equal(again.text.match(/Last used/g)?.length, 1)
  assert.ok(!JSON.stringify([...browser.cookies.values()].filter(({ name }) => /ways/.test(name))).includes('ada'))
})

test('a way that was used last is marked where the ways are shown', async (t) => {
  const world = await openWorld(t)
  const browser = new Browser(world.issuer)
  await world.addAccount('ada@example.com')
  await openAccount(browser, 'ada@example.com')
  await signOut(browser)
  const password = await browser.press(await openFirst(browser), 'continue', { identifier: 'ada@example.com' })
  const ways = await browser.press(password, 'choose')
  assert.match(ways.text, /Password <span class="tag">Last used/)
})

test('people of a domain go to their provider as soon as they say who they are, with an account or without', async (t) => {
  const world = await openWorld(t)
  await world.addAccount('ada@corp.example')
  for (const identifier of ['ada@corp.example', 'nobody@corp.example', 'Nobody@CORP.example ']) {
    const browser = new Browser(world.issuer)
    const left = await browser.send(await openFirst(browser), 'continue', { identifier })
    assert.ok(left.location?.startsWith(`${upstream.issuer}/auth?`), identifier)
    assert.equal(new URL(left.location ?? '').searchParams.get('login_hint'), identifier.trim())
    // Whoever comes back without an answer has the other ways.
    assert.equal((await openFirst(browser)).status, 200)
  }
  for (const identifier of ['ada@sub.corp.example', 'ada@example.com', 'ada@corp.example.evil.example']) {
    const browser = new Browser(world.issuer)
    const asked = await browser.press(await openFirst(browser), 'continue', { identifier })
    assert.equal(asked.heading, 'Enter your password', identifier)
  }
})

test('an organization sends people of its domains to a provider, and takes that back', async (t) => {
  const world = await openWorld(t)
  const { organizations } = world.access
  const acme = await organizations.create({ name: 'Acme' })
  const other = await organizations.create({ name: 'Other' })
  const identify = async (identifier: string) => {
    const browser = new Browser(world.issuer)
    return browser.send(await openFirst(browser), 'continue', { identifier })
  }
  const isSentAway = async (identifier: string) => (await identify(identifier)).location?.startsWith(upstream.issuer)
  assert.equal(await isSentAway('ada@acme.example'), false)
  const use = { provider: 'campus', domains: ['Acme.example', 'bücher.example'] }
  const changed = await organizations.useProvider(acme.id, use)
  assert.deepEqual([changed.provider, changed.domains], ['campus', ['acme.example', 'xn--bcher-kva.example']])
  for (const identifier of ['ada@acme.example', 'nobody@ACME.example', 'ada@bücher.example'])
    assert.equal(await isSentAway(identifier), true, identifier)
  assert.equal(await isSentAway('ada@sub.acme.example'), false)

  await assert.rejects(organizations.useProvider(other.id, { provider: 'campus', domains: ['acme.example'] }), {
    code: 'organization.domain_taken',
  })
  for (const domains of [[], ['no domain'], ['https://acme.example'], ['']])
    await assert.rejects(organizations.useProvider(other.id, { provider: 'campus', domains }), {
      code: 'organization.invalid',
    })
  await assert.rejects(organizations.useProvider('nobody', use), { code: 'organization.unknown' })
  // One that is switched off is passed over.
  await organizations.useProvider(acme.id, { ...use, provider: 'gone' })
  assert.equal(await isSentAway('ada@acme.example'), false)
  await organizations.useProvider(acme.id, undefined)
  await organizations.useProvider(other.id, { provider: 'campus', domains: ['acme.example'] })
  assert.equal(await isSentAway('ada@acme.example'), true)
  const told = (await world.events('organization.provider_set')).map(({ detail }) => detail.domains)
  assert.deepEqual(told.at(0), ['acme.example'])
})

test('whoever went to the provider of their domain and came back can take another way', async (t) => {
  const world = await openWorld(t)
  await world.addAccount('ada@corp.example')
  const browser = new Browser(world.issuer)
  const first = await openFirst(browser)
  await browser.send(first, 'continue', { identifier: 'ada@corp.example' })
  const back = await browser.open(first.url.pathname)
  assert.equal(back.heading, 'How would you like to sign in?')
  const form = back.forms.find(({ fields }) => fields.method === 'password')
  const asked = await browser.follow(await browser.post(form?.action ?? '', { ...form?.fields, action: 'use' }))
  const done = await browser.press(asked, 'sign-in', { password: PASSWORD })
  assert.equal(done.url.pathname, '/account')
})

test('a second factor is not asked for where the operator believes that the provider asked for it', async (t) => {
  const world = await openWorld(t)
  const email = 'ada@example.com'
  await world.addAccount(email)
  upstream.person = { sub: 'ada', email, email_verified: true }
  const owner = new Browser(world.issuer)
  await addApp(owner, email)
  const list = await owner.open('/account/security/upstream')
  for (const provider of ['corp', 'campus']) await goThrough(owner, list, upstream, provider)
  const signInBy = async (said: object) => {
    upstream.idTokenClaims = { ...said }
    const rp = await RelyingParty.create(world)
    const started = await rp.start()
    const page = await goThrough(rp.browser, await rp.browser.open(started.url), upstream, 'corp')
    upstream.idTokenClaims = {}
    return { rp, started, page }
  }
  for (const said of [{}, { amr: ['pwd'] }, { acr: 'one-step' }])
    assert.match((await signInBy(said)).page.text, /name="code"/)
  for (const said of [{ amr: ['pwd', 'two-steps'] }, { acr: 'two-steps' }]) {
    const { rp, started, page } = await signInBy(said)
    const claims = (await rp.redeem(await rp.consent(page), started)).claims()
    assert.deepEqual([claims?.amr].flat().sort(), ['fed', 'mfa'])
    assert.equal(claims?.acr, 'urn:gatehouse:acr:two-factor')
    // The session is worth as much: an app that wants two factors asks for nothing more.
    const next = await rp.start({ acr_values: 'urn:gatehouse:acr:two-factor' })
    assert.match((await rp.browser.open(next.url)).location ?? '', /code=/)
  }
})

test('an app that wants a new proof gets one from the other provider too', async (t) => {
  const world = await openWorld(t)
  upstream.person = { sub: 'anew', email: 'anew@example.com', email_verified: true }
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const met = await goThrough(rp.browser, await rp.browser.open(started.url), upstream, 'campus')
  await rp.consent(await rp.browser.press(met, 'create', {}))
  assert.equal(upstream.authorizations.at(-1)?.has('max_age'), false)

  const again = async () => rp.browser.open((await rp.start({ prompt: 'login' })).url)
  const page = await again()
  upstream.idTokenClaims = { auth_time: Math.floor(Date.now() / 1000) - 3600 }
  const stale = await goThrough(rp.browser, page, upstream, 'campus')
  upstream.idTokenClaims = {}
  assert.equal(upstream.authorizations.at(-1)?.get('max_age'), '0')
  assert.match(stale.text, /did not work/)
  assert.equal((await world.events('sign_in.failed'))[0]?.detail.reason, 'not_proved_anew')
  upstream.idTokenClaims = { auth_time: undefined }
  const untold = await goThrough(rp.browser, stale, upstream, 'campus')
  upstream.idTokenClaims = {}
  assert.match(untold.text, /did not work/, 'it was asked when, and does not say')
  assert.equal((await world.events('sign_in.failed'))[0]?.detail.reason, 'not_proved_anew')
  const fresh = await goThrough(rp.browser, untold, upstream, 'campus')
  assert.match((await rp.consent(fresh)).location ?? '', /code=/)
})

test('choosing an account first does not do away with the new proof', async (t) => {
  const world = await openWorld(t)
  upstream.person = { sub: 'choosing', email: 'choosing@example.com', email_verified: true }
  const rp = await RelyingParty.create(world)
  const met = await goThrough(rp.browser, await rp.browser.open((await rp.start()).url), upstream, 'campus')
  await rp.consent(await rp.browser.press(met, 'create', {}))
  const requests: Record<string, string>[] = [
    { prompt: 'select_account login' },
    { prompt: 'select_account', max_age: '0' },
  ]
  for (const wanted of requests) {
    const chooser = await rp.browser.open((await rp.start(wanted)).url)
    await goThrough(rp.browser, await rp.browser.press(chooser, 'other'), upstream, 'campus')
    assert.equal(upstream.authorizations.at(-1)?.get('max_age'), '0', JSON.stringify(wanted))
  }
})

test('an address of another domain than may register makes no account, however verified it is', async (t) => {
  const { issuer, clientId, clientSecret } = upstream
  const openid = [{ id: 'campus', label: 'Campus', issuer, clientId, clientSecret }]
  for (const accounts of [
    { registration: 'open', registrationDomains: ['allowed.example'] },
    { registration: 'invited' },
    { registration: 'closed' },
  ]) {
    const file = { outbound: { allowedPrivateAddresses: ['127.0.0.0/8'] }, accounts, upstream: { openid } }
    const world = await createWorld({ configDir: configFolder(t, { 'test.yaml': JSON.stringify(file) }) })
    t.after(() => world.close())
    upstream.person = { sub: 'stranger', email: 'stranger@example.com', email_verified: true }
    const browser = new Browser(world.issuer)
    const met = await goThrough(browser, await openFirst(browser), upstream, 'campus')
    assert.match(met.heading ?? '', accounts.registration === 'closed' ? /no account here yet/ : /Create an account/)
    assert.ok(!met.forms.some(({ actions }) => actions.includes('create')))
    await browser.post(`${met.url.pathname}/newcomer`, { ...met.forms[0]?.fields, action: 'create' })
    assert.deepEqual(await world.events('account.created'), [])
    if (accounts.registration === 'invited') {
      await world.registration.invitations.invite({ email: 'stranger@example.com' })
      const welcome = await browser.open(met.url.pathname)
      await browser.press(welcome, 'create', {})
      assert.equal((await world.events('account.created')).length, 1)
    }
  }
})

test('a provider that was made up is a page that there is not', async (t) => {
  const world = await openWorld(t)
  const browser = new Browser(world.issuer)
  const page = await openFirst(browser)
  const form = page.forms.find(({ fields }) => fields.choice === 'corp')
  for (const choice of ['nobody', '', 'x'.repeat(3000), '../corp']) {
    const refused = await browser.post(form?.action ?? '', { ...form?.fields, choice, action: 'use' })
    assert.equal(refused.status, 404, choice)
  }
})
