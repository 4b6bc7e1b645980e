import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Browser } from '../support/browser.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { addApp, codeOf } from '../support/two-factor.ts'
import {
  asGoogle,
  goThrough,
  leaveAndReturn,
  type RunningUpstream,
  startUpstreamProvider,
} from '../support/upstream-provider.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let upstream: RunningUpstream
let world: World
let count = 0
let email: string
before(async () => {
  upstream = await startUpstreamProvider()
  world = await createWorld({
    env: {
      ...asGoogle(upstream),
      GATEHOUSE_ACCOUNTS_REGISTRATION: 'open',
      GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000',
    },
  })
})
after(async () => {
  await world.close()
  await upstream.close()
})
beforeEach(() => {
  count += 1
  email = `ada${count}@elsewhere.example`
  upstream.manner = 'good'
  upstream.isInIdToken = true
  upstream.person = { sub: `ada-${count}`, email, email_verified: true, name: 'Ada There' }
})

/** The first page of a sign-in at an application. */
async function begin() {
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  return { rp, started, browser: rp.browser, page: await rp.browser.open(started.url) }
}

test('somebody new makes an account with what the other provider says, and is known the next time', async () => {
  const { rp, started, browser, page } = await begin()
  const met = await goThrough(browser, page, upstream)
  assert.equal(met.heading, 'Create an account')
  assert.match(met.text, /Google/)
  const consent = await browser.press(met, 'create', { name: 'Ada Byron' })
  const tokens = await rp.redeem(await rp.consent(consent), started)
  const claims = tokens.claims()
  assert.deepEqual(claims?.amr, ['fed'])
  assert.equal(claims?.acr, 'urn:gatehouse:acr:one-factor')
  const account = await world.accounts.findByIdentifier(email)
  assert.equal(claims?.sub, account?.id)
  assert.equal(account?.isEmailVerified, true)
  assert.equal(account?.name, 'Ada Byron')
  const events = (await world.audit.list({ accountId: account?.id ?? '' }, 20)).map(({ name }) => name)
  for (const name of ['account.created', 'credential.added', 'sign_in.succeeded'])
    assert.ok(events.includes(name as never), `${name} in ${events}`)

  const again = await begin()
  const back = await goThrough(again.browser, again.page, upstream)
  const known = await again.rp.redeem(await again.rp.consent(back), again.started)
  assert.equal(known.claims()?.sub, account?.id)
  const [proved] = await world.audit.list({ accountId: account?.id ?? '', name: 'sign_in.proved' }, 1)
  assert.equal(proved?.detail.via, 'google')
})

test('whoever has the address of an account is not let in by it, proves the account, and connects it', async () => {
  const account = await world.addAccount(email)
  const { rp, started, browser, page } = await begin()
  const met = await goThrough(browser, page, upstream)
  assert.equal(met.heading, 'You have an account already')
  const asked = await browser.press(met, 'have-account')
  assert.equal(asked.heading, 'Enter your password')
  assert.match(asked.text, /connect Google/)
  const wrong = await browser.press(asked, 'sign-in', { password: 'not the password' })
  assert.equal(wrong.heading, 'Enter your password')
  const link = await browser.press(wrong, 'sign-in', { password: PASSWORD })
  assert.equal(link.heading, 'Connect Google?')
  assert.deepEqual(await world.signIn.enrolment.list(account.id), [])
  const done = await browser.press(link, 'connect')
  const claims = (await rp.redeem(await rp.consent(done), started)).claims()
  assert.equal(claims?.sub, account.id)
  assert.deepEqual([claims?.amr].flat().sort(), ['fed', 'pwd'])
  assert.equal(claims?.acr, 'urn:gatehouse:acr:one-factor')
  const [kept] = await world.signIn.enrolment.list(account.id)
  assert.equal(kept?.name, `Google (${email})`)
  assert.ok((await world.mails(email)).some(({ subject }) => /way to sign in was added/.test(subject)))

  const again = await begin()
  const back = await goThrough(again.browser, again.page, upstream)
  const known = await again.rp.redeem(await again.rp.consent(back), again.started)
  assert.equal(known.claims()?.sub, account.id)
})

test('once an account is proved, no other is made beside it', async () => {
  await world.addAccount(email)
  const { browser, page } = await begin()
  const asked = await browser.press(await goThrough(browser, page, upstream), 'have-account')
  const link = await browser.press(asked, 'sign-in', { password: PASSWORD })
  const before = (await world.events('account.created')).length
  const [form] = link.forms
  const sent = await browser.post(form?.action ?? '', { ...form?.fields, action: 'create' })
  assert.equal((await browser.follow(sent)).heading, 'Connect Google?')
  assert.equal((await world.events('account.created')).length, before)
})

test('whoever would rather not connect is signed in all the same, and nothing is kept', async () => {
  const account = await world.addAccount(email)
  const { rp, started, browser, page } = await begin()
  const asked = await browser.press(await goThrough(browser, page, upstream), 'have-account')
  const link = await browser.press(asked, 'sign-in', { password: PASSWORD })
  const tokens = await rp.redeem(await rp.consent(await browser.press(link, 'skip')), started)
  assert.deepEqual(tokens.claims()?.amr, ['pwd'])
  assert.deepEqual(await world.signIn.enrolment.list(account.id), [])
})

test('an address that the provider has not verified opens nothing and tells nothing', async () => {
  await world.addAccount(email)
  upstream.person = { ...upstream.person, email_verified: false }
  const { browser, page } = await begin()
  const met = await goThrough(browser, page, upstream)
  assert.equal(met.heading, 'Create an account')
  assert.ok(!met.forms.some(({ actions }) => actions.includes('create')))
  const asked = await browser.open(`${met.url.pathname}/register`)
  assert.equal(asked.forms[0]?.fields.identifier, email)
  const sent = await browser.press(asked, 'send', { identifier: email })
  assert.equal(sent.heading, 'Look into your mailbox')
  const [mail] = await world.mails(email)
  assert.match(mail?.subject ?? '', /You have a .* account already/)
  const forced = await browser.press(met, 'have-account').then((shown) => browser.get(shown.url.pathname))
  assert.equal(forced.heading, 'Sign in')
})

test('somebody new with an address that is not verified proves it here, and needs no password', async () => {
  upstream.person = { ...upstream.person, email_verified: false }
  const { rp, started, browser, page } = await begin()
  const met = await goThrough(browser, page, upstream)
  const asked = await browser.open(`${met.url.pathname}/register`)
  const sent = await browser.press(asked, 'send', { identifier: `other-${email}` })
  const [mail] = await world.mails(`other-${email}`)
  const code = /\b\d{6}\b/.exec(mail?.text ?? '')?.[0] ?? ''
  const vouched = await browser.press(sent, 'confirm', { code })
  assert.doesNotMatch(vouched.text, /type="password"/)
  const done = await browser.press(vouched, 'create', { name: 'Ada' })
  const claims = (await rp.redeem(await rp.consent(done), started)).claims()
  const account = await world.accounts.findByIdentifier(`other-${email}`)
  assert.equal(claims?.sub, account?.id)
  assert.deepEqual(claims?.amr, ['fed'])
})

test('the second factor of the account is asked for, whatever the provider says', async () => {
  const account = await world.addAccount(email)
  const first = await begin()
  const asked = await first.browser.press(await goThrough(first.browser, first.page, upstream), 'have-account')
  await first.browser.press(await first.browser.press(asked, 'sign-in', { password: PASSWORD }), 'connect')
  const key = await addApp(new Browser(world.issuer), email)
  upstream.idTokenClaims = { amr: ['mfa', 'otp'], acr: 'two-factors' }
  const { rp, started, browser, page } = await begin()
  const second = await goThrough(browser, page, upstream)
  upstream.idTokenClaims = {}
  assert.match(second.text, /name="code"/)
  const done = await browser.press(second, 'sign-in', { code: await codeOf(key) })
  const claims = (await rp.redeem(await rp.consent(done), started)).claims()
  assert.equal(claims?.sub, account.id)
  assert.deepEqual([claims?.amr].flat().sort(), ['fed', 'mfa', 'otp'])
})

test("a proof of one's own does not give an identifier that is being guessed at its tries back", async () => {
  const own = await begin()
  await own.rp.consent(await own.browser.press(await goThrough(own.browser, own.page, upstream), 'create', {}))
  const identifier = `grace${count}@example.com`
  await world.addAccount(identifier)
  const { browser, page } = await begin()
  let asked = await browser.press(page, 'continue', { identifier })
  for (let tries = 0; tries < 4; tries += 1) asked = await browser.press(asked, 'sign-in', { password: 'a guess' })
  const consent = await goThrough(browser, await browser.press(asked, 'choose'), upstream)
  assert.match(consent.heading ?? '', /would like|Allow|access/i)

  const next = await begin()
  const once = await next.browser.press(next.page, 'continue', { identifier })
  const last = await next.browser.press(once, 'sign-in', { password: 'a guess' })
  assert.equal((await next.browser.press(last, 'sign-in', { password: PASSWORD })).status, 429)
})

test('connecting takes as much proof as the account can give', async () => {
  await world.addAccount(email)
  await addApp(new Browser(world.issuer), email)
  const { browser, page } = await begin()
  const asked = await browser.press(await goThrough(browser, page, upstream), 'have-account')
  const second = await browser.press(asked, 'sign-in', { password: PASSWORD })
  assert.match(second.text, /name="code"/)
})

test('names and addresses are asked of userinfo where the ID token has none', async () => {
  upstream.isInIdToken = false
  const { browser, page } = await begin()
  const met = await goThrough(browser, page, upstream)
  assert.equal(met.heading, 'Create an account')
  assert.ok(met.text.includes(email))
})

test('what comes back goes on in the browser that was sent away, and in no other', async () => {
  const { browser, page } = await begin()
  const address = await leaveAndReturn(browser, page, upstream)
  const elsewhere = new Browser(world.issuer)
  const shown = await elsewhere.open(address)
  assert.equal(shown.status, 410)
  const met = await browser.open(address)
  assert.equal(met.heading, 'Create an account')
})

test('an answer counts once', async () => {
  const { browser, page } = await begin()
  const address = await leaveAndReturn(browser, page, upstream)
  await browser.open(address)
  const again = await browser.open(address)
  assert.equal(again.heading, 'Create an account')
  const [failed] = await world.events('sign_in.failed')
  assert.equal(failed?.detail.reason, 'no_challenge')
})

test('the return address of a provider that there is not, or that is off, is a page that there is not', async () => {
  const browser = new Browser(world.issuer)
  for (const provider of ['github', 'nobody', '..%2Fgoogle'])
    for (const shown of [
      await browser.get(`/upstream/${provider}/return?state=x&code=y`),
      await browser.post(`/upstream/${provider}/return`, { state: 'x', code: 'y' }),
    ])
      assert.equal(shown.status, 404, provider)
})

test('a state that was not made here leads nowhere, and neither does that of another provider', async () => {
  const browser = new Browser(world.issuer)
  for (const state of ['', 'x', 'https://evil.example/', '//evil.example', 'v1.a.b.c']) {
    const shown = await browser.get(`/upstream/google/return?${new URLSearchParams({ state, code: 'y' })}`)
    assert.equal(shown.status, 410, state)
    assert.equal(shown.location, undefined)
  }
})

test('an answer by form, from the other site and without our cookies, goes on as the same answer by address', async () => {
  const { browser, page } = await begin()
  const address = new URL(await leaveAndReturn(browser, page, upstream))
  const answer = Object.fromEntries(address.searchParams)
  const headers = { origin: upstream.issuer, 'sec-fetch-site': 'cross-site' }
  const posted = await new Browser(world.issuer).post(address.pathname, { ...answer, evil: 'x' }, headers)
  assert.equal(posted.status, 303)
  assert.ok(posted.location?.startsWith('/upstream/google/return?'))
  assert.doesNotMatch(posted.location ?? '', /evil/)
  assert.equal((await browser.open(posted.location ?? '')).heading, 'Create an account')
})

test('the request carries PKCE, state and nonce, each new, and the one registered address', async () => {
  for (let turn = 0; turn < 2; turn += 1) {
    const { browser, page } = await begin()
    await leaveAndReturn(browser, page, upstream)
  }
  const [before, last] = upstream.authorizations.slice(-2)
  assert.equal(last?.get('redirect_uri'), `${world.issuer}/upstream/google/return`)
  assert.equal(last?.get('code_challenge_method'), 'S256')
  for (const name of ['state', 'nonce', 'code_challenge']) {
    assert.ok((last?.get(name)?.length ?? 0) >= 43, name)
    assert.notEqual(last?.get(name), before?.get(name), name)
  }
  assert.doesNotMatch(last?.get('state') ?? '', /interaction/)
})

test('a suspended account is not let in by another provider', async () => {
  const { browser, page } = await begin()
  await browser.press(await goThrough(browser, page, upstream), 'create', {})
  const account = await world.accounts.findByIdentifier(email)
  await world.accounts.suspend(account?.id ?? '')
  const again = await begin()
  const refused = await goThrough(again.browser, again.page, upstream)
  assert.equal(refused.status, 403)
})

test('of two presses that make the account at once one counts, and both lead on', async () => {
  const { browser, page } = await begin()
  const met = await goThrough(browser, page, upstream)
  const both = await Promise.all([browser.send(met, 'create', {}), browser.send(met, 'create', {})])
  for (const answer of both) assert.equal(answer.status, 303)
  const done = await browser.follow(both[0])
  assert.doesNotMatch(done.text, /went wrong/)
  const account = await world.accounts.findByIdentifier(email)
  assert.equal((await world.signIn.enrolment.list(account?.id ?? '')).length, 1)
})

test('what somebody wrote about themselves elsewhere is kept to its size, and to one line', async () => {
  upstream.person = { ...upstream.person, name: `Ada\n\u0007${'x'.repeat(190)}` }
  const { browser, page } = await begin()
  const met = await goThrough(browser, page, upstream)
  assert.ok(met.forms.some(({ fields }) => fields.name === `Ada${'x'.repeat(190)}`))
  upstream.person = {
    ...upstream.person,
    sub: `long-${count}`,
    name: 'x'.repeat(9000),
    email: `${'x'.repeat(400)}@a.example`,
  }
  const other = await begin()
  const shown = await goThrough(other.browser, other.page, upstream)
  assert.ok(!shown.text.includes('x'.repeat(300)))
})
