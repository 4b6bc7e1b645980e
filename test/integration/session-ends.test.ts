import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decodeJwt } from 'jose'
import { Browser, type Page } from '../support/browser.ts'
import { startLogoutReceiver } from '../support/logout-receiver.ts'
import { readMail } from '../support/mails.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())

const CHOSEN = 'Another horse & 7 carts'

/** Somebody who is signed in to an app that is told when that ends. */
interface SignedIn {
  readonly id: string
  readonly email: string
  /** Where they are signed in. */
  readonly browser: Browser
}

/** Opens a page of the account in this browser and signs in on the way. */
async function reach(browser: Browser, path: string, email: string): Promise<Page> {
  const asked = await browser.press(await browser.open(path), 'continue', { identifier: email })
  return browser.press(asked, 'sign-in', { password: PASSWORD })
}

async function signOut(browser: Browser, query = ''): Promise<void> {
  const [form] = (await browser.open(`/session/end${query}`)).forms
  await browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' })
}

/** Another app in this browser, which signs the person out. */
async function signOutAtAnother({ browser }: SignedIn): Promise<void> {
  const other = await RelyingParty.create(world, { first_party: true })
  other.browser = browser
  const started = await other.start()
  const { id_token = '' } = await other.redeem(await browser.open(started.url), started)
  await signOut(browser, `?${new URLSearchParams({ id_token_hint: id_token })}`)
}

async function replace({ browser }: SignedIn): Promise<void> {
  const { email } = await world.addAccount(`successor${Date.now()}@example.com`)
  const rp = await RelyingParty.create(world, { first_party: true })
  rp.browser = browser
  const { url } = await rp.start({ prompt: 'login', login_hint: email })
  await rp.signIn(await browser.open(url), email)
}

async function changePassword({ email }: SignedIn): Promise<void> {
  const here = new Browser(world.issuer)
  const done = await here.press(await reach(here, '/account/password', email), 'save', {
    current: PASSWORD,
    password: CHOSEN,
  })
  assert.equal(done.heading, 'Your password is set')
}

async function resetPassword({ email }: SignedIn): Promise<void> {
  const owner = new Browser(world.issuer)
  const sent = await owner.press(await owner.open('/password/forgot'), 'send', { identifier: email })
  const proved = await owner.press(sent, 'confirm', { code: (await readMail(world, email)).code })
  const done = await owner.press(proved, 'save', { password: CHOSEN })
  assert.equal(done.heading, 'Your new password is set')
}

async function restoreEmail({ email }: SignedIn): Promise<void> {
  const [thief, owner] = [new Browser(world.issuer), new Browser(world.issuer)]
  const stolen = `thief.${email}`
  const waiting = await thief.press(await reach(thief, '/account/email', email), 'change', { email: stolen })
  await thief.press(waiting, 'confirm', { code: (await readMail(world, stolen)).code })
  const { link } = await readMail(world, email)
  assert.equal((await owner.press(await owner.open(new URL(link).pathname), 'undo')).status, 200)
}

/** Every way in which a session ends before its time. */
const ENDS: readonly { readonly what: string; readonly end: (who: SignedIn) => Promise<unknown> }[] = [
  { what: 'the person signs out', end: ({ browser }) => signOut(browser) },
  { what: 'the person signs out at another app of the same browser', end: signOutAtAnother },
  { what: 'another account signs in in the same browser', end: replace },
  { what: 'the password is changed in another browser', end: changePassword },
  { what: 'the password is reset', end: resetPassword },
  { what: 'an address that was changed is brought back', end: restoreEmail },
  { what: 'the account is suspended', end: ({ id }) => world.accounts.suspend(id) },
  { what: 'the account is closed', end: ({ id }) => world.accounts.close(id) },
]

let count = 0
for (const { what, end } of ENDS) {
  test(`the app is told, once and for its session, when ${what}`, async (t) => {
    count += 1
    const email = `person${count}@example.com`
    const { id } = await world.addAccount(email)
    const { uri, received } = await startLogoutReceiver(t)
    const rp = await RelyingParty.create(world, { backchannel_logout_uri: uri })
    const tokens = await rp.run(email)
    const sid = tokens.claims()?.sid
    await world.logouts.settle()
    assert.equal(received.length, 0)

    await end({ id, email, browser: rp.browser })
    await world.logouts.settle()
    assert.equal(received.length, 1)
    const told = decodeJwt(received[0]?.fields.logout_token ?? '')
    assert.ok(sid)
    assert.deepEqual([told.sub, told.sid, told.aud], [id, sid, rp.clientId])
    const { url } = await rp.start({ prompt: 'none', id_token_hint: tokens.id_token ?? '' })
    assert.equal(answerOf(await rp.browser.open(url)).error, 'login_required')
  })
}

test('an app whose session goes on is not told: where the password was changed, and everywhere if that was the wish', async (t) => {
  const { email } = await world.addAccount('stays@example.com')
  const [here, elsewhere] = await Promise.all(
    [1, 2].map(async () => {
      const { uri, received } = await startLogoutReceiver(t)
      const rp = await RelyingParty.create(world, { backchannel_logout_uri: uri })
      await rp.run(email)
      return { rp, received }
    }),
  )
  assert.ok(here && elsewhere)
  const change = async (fields: Record<string, string>) => {
    const done = await here.rp.browser.press(await here.rp.browser.open('/account/password'), 'save', fields)
    assert.equal(done.heading, 'Your password is set')
    await world.logouts.settle()
    return [here.received.length, elsewhere.received.length]
  }
  assert.deepEqual(await change({ current: PASSWORD, password: CHOSEN, keep: 'yes' }), [0, 0])
  assert.deepEqual(await change({ current: CHOSEN, password: `${CHOSEN} more` }), [0, 1])
})
