import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Twist } from '../support/authenticator.ts'
import { Authenticator } from '../support/authenticator.ts'
import { Browser } from '../support/browser.ts'
import { proveAddress } from '../support/mails.ts'
import { addPasskey, answer, openAdding, optionsOf } from '../support/passkeys.ts'
import { throughProxy } from '../support/proxy.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { addApp, codeOf, openAccount, toSecondStep } from '../support/two-factor.ts'
import { createWorld, findFreePort, type World } from '../support/world.ts'

let world: World
let email: string
let count = 0
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000' } })
})
after(() => world.close())
beforeEach(async () => {
  count += 1
  email = `ada${count}@example.com`
  await world.addAccount(email)
})

/** Signs in with nothing but the passkey, in a new browser. */
async function signIn(authenticator: Authenticator, twist: Twist = {}) {
  const browser = new Browser(world.issuer)
  const page = await browser.open('/account')
  return { browser, page: await answer(browser, page, { response: authenticator.get(optionsOf(page), twist) }) }
}

const lastFailure = async () => (await world.events('sign_in.failed'))[0]?.detail.reason

test('a passkey is made for our host alone, discoverable, without its maker, for a handle that says nothing', async () => {
  const account = await world.accounts.findByIdentifier(email)
  const options = optionsOf(await openAdding(new Browser(world.issuer), email))
  assert.equal(options.rp?.id, 'localhost')
  assert.equal(options.attestation, 'none')
  assert.equal(options.authenticatorSelection?.residentKey, 'required')
  assert.equal(options.authenticatorSelection?.userVerification, 'preferred')
  const handle = Buffer.from(options.user?.id ?? '', 'base64url')
  assert.equal(handle.length, 32)
  assert.ok(!options.user?.id.includes(account?.id ?? '-') && !handle.toString().includes('ada'))
  assert.ok(Buffer.from(options.challenge, 'base64url').length >= 16)
})

test('a passkey is added with what keeps it as its name, and the next one may not be made there again', async () => {
  const { authenticator, browser, page } = await addPasskey(world.issuer, email, {
    aaguid: 'bada5566-a7aa-401f-bd96-45619a55120d',
    isSyncable: true,
    isBackedUp: true,
  })
  assert.match(page.text, /1Password/)
  assert.match(page.text, /Synced by your password manager/)
  const again = optionsOf(await browser.press(page, 'add'))
  assert.deepEqual(
    again.excludeCredentials?.map(({ id }) => id),
    [authenticator.credentialId],
  )
})

test('a passkey of an unknown maker is called what the browser says', async () => {
  const browser = new Browser(world.issuer)
  const page = await openAdding(browser, email)
  const response = new Authenticator(world.issuer).create(optionsOf(page))
  const added = await answer(browser, page, { response, browser: 'Chromium · Linux' })
  assert.match(added.text, /Chromium · Linux/)
  assert.match(added.text, /Kept on one device/)
})

const wrongAnswers: Readonly<Record<string, Twist>> = {
  'from another origin': { origin: 'https://gatehouse.example' },
  'for another relying party': { rpId: 'gatehouse.example' },
  'to another challenge': { challenge: Buffer.alloc(32).toString('base64url') },
  'of the other ceremony': { type: 'payment.get' },
  'from a frame on another site': { crossOrigin: true },
  'without anybody present': { isPresent: false },
  'that is backed up and cannot be': { isSyncable: false, isBackedUp: true },
}

for (const [what, twist] of Object.entries({ ...wrongAnswers, 'with a key that was not offered': { alg: -36 } })) {
  test(`a new passkey ${what} is refused, and its challenge is used up`, async () => {
    const browser = new Browser(world.issuer)
    const page = await openAdding(browser, email)
    const authenticator = new Authenticator(world.issuer)
    const refused = await answer(browser, page, { response: authenticator.create(optionsOf(page), twist) })
    assert.match(refused.text, /Nothing was changed/)
    const again = await answer(browser, page, { response: authenticator.create(optionsOf(page)) })
    assert.match(again.text, /Nothing was changed/)
    assert.match((await browser.open('/account/security/passkey')).text, /no passkey yet/)
  })
}

for (const [what, twist] of Object.entries({ ...wrongAnswers, 'with another key': { isForged: true } })) {
  test(`an answer ${what} proves nothing`, async () => {
    const { authenticator } = await addPasskey(world.issuer, email)
    const { page } = await signIn(authenticator, twist)
    assert.equal(page.heading, 'Sign in')
    assert.match(page.text, /That did not match/)
    assert.equal(await lastFailure(), 'mismatch')
  })
}

test('a passkey signs in without anybody saying who they are', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  const { page } = await signIn(authenticator)
  assert.equal(page.url.pathname, '/account')
  assert.ok(page.text.includes(email))
})

test('with user verification it is two factors, and the ID token says so', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  const rp = await RelyingParty.create(world)
  const started = await rp.start()
  const page = await rp.browser.open(started.url)
  const consent = await answer(rp.browser, page, { response: authenticator.get(optionsOf(page)) })
  const claims = (await rp.redeem(await rp.consent(consent), started)).claims()
  assert.equal(claims?.acr, 'urn:gatehouse:acr:phishing-resistant')
  assert.deepEqual([claims?.amr].flat().sort(), ['mfa', 'pop', 'user'])
})

test('without user verification it is one factor, and the other one is asked for', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  const { browser, page } = await signIn(authenticator, { isVerified: false })
  assert.match(page.text, /name="password"/)
  const done = await browser.press(page, 'sign-in', { password: 'Correct horse 4 batteries' })
  assert.equal(done.url.pathname, '/account')
})

test('an authenticator that could not verify when it was added does not become two factors by itself', async () => {
  const { authenticator } = await addPasskey(world.issuer, email, { isVerified: false })
  const { page } = await signIn(authenticator)
  assert.match(page.text, /name="password"/)
  // Once it has verified after the password, it may count for two.
  const { browser, page: second } = await toSecondStep(world, email)
  await answer(browser, second, { response: authenticator.get(optionsOf(second)) })
  assert.equal((await signIn(authenticator)).page.url.pathname, '/account')
})

test('after the password the own passkeys are asked for, and nobody else’s will do', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  const { browser, page } = await toSecondStep(world, email)
  const options = optionsOf(page)
  assert.deepEqual(
    options.allowCredentials?.map(({ id }) => id),
    [authenticator.credentialId],
  )
  await world.addAccount(`eve${count}@example.com`)
  const { authenticator: other } = await addPasskey(world.issuer, `eve${count}@example.com`)
  const refused = await answer(browser, page, { response: other.get(options) })
  assert.match(refused.text, /That did not match/)
  assert.equal(await lastFailure(), 'another_account')
  const done = await answer(browser, refused, { response: authenticator.get(optionsOf(refused), { userHandle: null }) })
  assert.equal(done.url.pathname, '/account')
})

test('before anything is proved the page does not tell who has passkeys', async () => {
  await addPasskey(world.issuer, email)
  const shapes = []
  for (const identifier of [email, 'nobody@example.com']) {
    const browser = new Browser(world.issuer)
    const password = await browser.press(await browser.open('/account'), 'continue', { identifier })
    const page = await browser.press(await browser.press(password, 'choose'), 'use', { method: 'passkey' })
    const { challenge, ...options } = optionsOf(page)
    assert.ok(challenge)
    assert.deepEqual(options.allowCredentials, [])
    shapes.push(options)
  }
  assert.deepEqual(shapes[0], shapes[1])
})

test('without a user handle, or with another one, nobody is signed in', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  assert.equal((await signIn(authenticator, { userHandle: null })).page.heading, 'Sign in')
  assert.equal(await lastFailure(), 'no_user_handle')
  assert.equal((await signIn(authenticator, { userHandle: 'AAAA' })).page.heading, 'Sign in')
  assert.equal(await lastFailure(), 'user_handle')
})

test('an answer is good once: replayed in the same sign-in or another it proves nothing', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  const browser = new Browser(world.issuer)
  const page = await browser.open('/account')
  const response = authenticator.get(optionsOf(page))
  await answer(browser, page, { response })
  const other = new Browser(world.issuer)
  const asked = await other.open('/account')
  assert.match((await answer(other, asked, { response })).text, /That did not match/)
  assert.equal(await lastFailure(), 'mismatch')
})

test('of four answers to one challenge at once one is taken', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  const browser = new Browser(world.issuer)
  const page = await browser.open('/account')
  const form = page.forms.find(({ fields }) => 'response' in fields)
  const address = new URL(form?.action ?? '', page.url).href
  const response = authenticator.get(optionsOf(page))
  const before = (await world.events('sign_in.proved')).length
  await Promise.all(Array.from({ length: 4 }, () => browser.post(address, { ...form?.fields, response })))
  assert.equal((await world.events('sign_in.proved')).length, before + 1)
})

test('a counter that goes back is a sign of risk in the trail, and no refusal', async () => {
  const { authenticator } = await addPasskey(world.issuer, email, { counter: 7 })
  const risks = []
  for (const counter of [8, 8, 3, 9]) {
    assert.equal((await signIn(authenticator, { counter })).page.url.pathname, '/account')
    risks.push((await world.events('sign_in.proved'))[0]?.detail.risk)
  }
  assert.deepEqual(risks, [undefined, 'counter_went_back', 'counter_went_back', undefined])
})

test('a counter of zero counts nothing', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  await signIn(authenticator)
  await signIn(authenticator)
  assert.equal((await world.events('sign_in.proved'))[0]?.detail.risk, undefined)
})

test('whether it can be synced never changes; whether it is, is told', async () => {
  const { authenticator, browser } = await addPasskey(world.issuer, email, { isSyncable: true })
  await signIn(authenticator, { isBackedUp: true })
  assert.match((await browser.open('/account/security/passkey')).text, /Synced by your password manager/)
  assert.equal((await signIn(authenticator, { isSyncable: false, isBackedUp: false })).page.heading, 'Sign in')
  assert.equal(await lastFailure(), 'backup_eligibility')
})

test('no two accounts have the same passkey', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  const { credentialId } = authenticator
  await world.addAccount(`eve${count}@example.com`)
  const { browser } = await addPasskey(world.issuer, `eve${count}@example.com`, { credentialId })
  assert.match((await browser.open('/account/security/passkey')).text, /no passkey yet/)
  assert.equal((await world.events('credential.refused'))[0]?.detail.reason, 'taken')
})

test('an answer that is none is a bad request and changes nothing', async () => {
  const browser = new Browser(world.issuer)
  const page = await browser.open('/account')
  for (const response of ['', '{', '[]', '{"id":"x"}', `{"id":"${'a'.repeat(1365)}"}`])
    assert.equal((await answer(browser, page, { response })).status, 400)
  assert.equal(optionsOf(await browser.get(page.url.href)).challenge, optionsOf(page).challenge)
})

test('a passkey is renamed and removed, and browsers are told what is left', async () => {
  const { authenticator, browser, page } = await addPasskey(world.issuer, email)
  const renamed = await browser.press(page, 'rename', { name: 'Blue key' })
  assert.match(renamed.text, /Blue key/)
  assert.match(renamed.text, new RegExp(`credentialIds&quot;:\\[&quot;${authenticator.credentialId}`))
  const href = /href="([^"]+\/remove)"/.exec(renamed.text)?.[1] ?? ''
  const gone = await browser.press(await browser.open(href), 'remove')
  assert.match(gone.text, /credentialIds&quot;:\[\]/)
  const { page: refused } = await signIn(authenticator)
  assert.match(refused.text, /data-unknown/)
  assert.equal(await lastFailure(), 'unknown_credential')
})

test('step-up asks for the passkey alone, and not for what the session proves already', async () => {
  const { authenticator } = await addPasskey(world.issuer, email)
  const key = await addApp(new Browser(world.issuer), email).catch(() => '')
  assert.equal(key, '', 'the passkey comes first when an account has one')
  const rp = await RelyingParty.create(world)
  const first = await rp.start()
  const page = await rp.signIn(await rp.browser.open(first.url), email)
  const consent = await answer(rp.browser, page, {
    response: authenticator.get(optionsOf(page), { isVerified: false }),
  })
  const claims = (await rp.redeem(await rp.consent(consent), first)).claims()
  assert.deepEqual([claims?.amr].flat().sort(), ['mfa', 'pop', 'pwd'])
})

test('an app that asks for more than the session proves gets a passkey on top', async () => {
  const browser = new Browser(world.issuer)
  const key = await addApp(browser, email)
  const { authenticator } = await addPasskey(world.issuer, email, {}, browser)
  const rp = await RelyingParty.create(world)
  const first = await rp.start()
  const second = await rp.signIn(await rp.browser.open(first.url), email)
  const totp = await rp.browser.press(await rp.browser.press(second, 'choose'), 'use', { method: 'totp' })
  await rp.consent(await rp.browser.press(totp, 'sign-in', { code: await codeOf(key) }))
  const started = await rp.start({ acr_values: 'phr' })
  const page = await rp.browser.open(started.url)
  assert.equal(optionsOf(page).userVerification, 'required')
  const done = await answer(rp.browser, page, { response: authenticator.get(optionsOf(page)) })
  const claims = (await rp.redeem(done, started)).claims()
  assert.equal(claims?.acr, 'phr')
})

test('an account that has nothing else gets a passkey that verifies, or none', async () => {
  const { authenticator, browser } = await addPasskey(world.issuer, email)
  const account = await world.accounts.findByIdentifier(email)
  await world.connection.collection('credentials').deleteOne({ accountId: account?.id, method: 'password' })
  const page = await browser.press(await openAccount(browser, email, '/account/security/passkey'), 'add')
  const options = optionsOf(page)
  assert.equal(options.authenticatorSelection?.userVerification, 'required')
  const refused = await answer(browser, page, {
    response: new Authenticator(world.issuer).create(options, { isVerified: false }),
  })
  assert.match(refused.text, /Nothing was changed/)
  assert.equal((await signIn(authenticator)).page.url.pathname, '/account')
})

test('with several origins browsers can read them, and an answer from each is taken', async () => {
  const origin = 'https://id.other.example'
  const other = await createWorld({ env: { GATEHOUSE_SIGN_IN_PASSKEY_ORIGINS: origin } })
  try {
    await other.addAccount(email)
    const { authenticator } = await addPasskey(other.issuer, email)
    const browser = new Browser(other.issuer)
    const document = await browser.get('/.well-known/webauthn')
    assert.equal(document.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.deepEqual(JSON.parse(document.text), { origins: [other.issuer, origin] })
    const page = await browser.open('/account')
    const done = await answer(browser, page, { response: authenticator.get(optionsOf(page), { origin }) })
    assert.equal(done.url.pathname, '/account')
  } finally {
    await other.close()
  }
})

test('a start with another relying party id warns that passkeys are orphaned, and their owners can see it', async () => {
  const { browser } = await addPasskey(world.issuer, email)
  const isWarned = ({ log }: World) => log.some((line) => line.includes('orphaned'))
  assert.ok(!isWarned(world))
  const env = {
    GATEHOUSE_SIGN_IN_PASSKEY_RP_ID: 'id.example.com',
    GATEHOUSE_SIGN_IN_PASSKEY_ORIGINS: 'https://id.example.com',
  }
  const other = await createWorld({ env: { ...env, ISSUER: world.issuer }, beside: world })
  try {
    assert.ok(isWarned(other))
    const moved = new Browser(world.issuer, throughProxy(other.config.server.port))
    for (const [key, cookie] of browser.cookies) moved.cookies.set(key, cookie)
    assert.match((await moved.open('/account/security/passkey')).text, /Made for localhost/)
  } finally {
    await other.close()
  }
})

test('where the host of the issuer is an address there are no passkeys, and the start says so', async () => {
  const port = await findFreePort()
  const issuer = `http://127.0.0.1:${port}`
  const env = { ISSUER: issuer, PORT: String(port), GATEHOUSE_ACCOUNTS_REGISTRATION: 'open' }
  const other = await createWorld({ env })
  try {
    assert.ok(other.log.some((line) => line.includes('there are no passkeys')))
    await other.addAccount(email)
    const browser = new Browser(issuer)
    const front = await browser.open('/account')
    assert.doesNotMatch(front.text, /data-passkey/)
    const register = await browser.open(`${front.url.pathname}/register`)
    const choice = await proveAddress(other, browser, register, 'new@example.com')
    assert.doesNotMatch(choice.text, /data-passkey/)
    await openAccount(browser, email)
    assert.equal((await browser.open('/account/security/passkey')).status, 404)
    assert.doesNotMatch((await browser.open('/account')).text, /security\/passkey/)
  } finally {
    await other.close()
  }
})

// The last one: the clock moves on.
test('a challenge is good for five minutes; after that the same page has a new one and says so', async (t) => {
  const { authenticator } = await addPasskey(world.issuer, email)
  const browser = new Browser(world.issuer)
  const page = await browser.open('/account')
  const response = authenticator.get(optionsOf(page))
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(5 * 60_000 + 1)
  const late = await answer(browser, page, { response })
  assert.equal(late.url.pathname, page.url.pathname)
  assert.match(late.text, /This took too long/)
  assert.notEqual(optionsOf(late).challenge, optionsOf(page).challenge)
  const done = await answer(browser, late, { response: authenticator.get(optionsOf(late)) })
  assert.equal(done.url.pathname, '/account')
})
