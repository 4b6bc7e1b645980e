import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchChromium, whyNoBrowser } from '../support/chromium.ts'
import { Device } from '../support/device.ts'
import { openVisitor, type Visitor } from '../support/visitor.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const EMAIL = 'ada@example.com'
const skip = whyNoBrowser ?? false

let browser: Browser
before(async () => {
  if (!skip) browser = await launchChromium()
})
after(() => browser?.close())

/** Somebody who is signed in by password, with a device that has a passkey. */
async function openOwner(t: TestContext): Promise<{ world: World; ada: Visitor; device: Device }> {
  const world = await createWorld()
  t.after(() => world.close())
  await world.addAccount(EMAIL)
  const ada = await openVisitor(t, browser, world.issuer)
  await ada.open('/account/security/passkey')
  await ada.signIn(EMAIL, PASSWORD)
  await ada.sees('Passkey')
  const device = await Device.open(ada)
  await ada.press('Add a passkey')
  await ada.sees('Add a passkey')
  await ada.press('Create the passkey')
  await ada.sees('Passkey')
  assert.equal(await ada.page.locator('.cards li').count(), 1)
  return { world, ada, device }
}

/** Somebody else's turn at this browser: nobody is signed in any more. */
const signOut = async ({ page }: Visitor) => page.context().clearCookies()

test('a passkey is added, and signs in by itself where the browser fills it in', { skip }, async (t) => {
  const { ada } = await openOwner(t)
  await signOut(ada)
  // The page may be gone before it has loaded: the device answers at once.
  await ada.open('/account').catch(() => {})
  await ada.sees('Hello, Ada Byron')
})

test('the button needs no identifier, and a dialog that came to nothing can be tried again', { skip }, async (t) => {
  const { ada, device } = await openOwner(t)
  await signOut(ada)
  const find = await device.lose()
  await ada.open('/account')
  await ada.sees('Sign in')
  await ada.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await ada.page.getByText('Nothing happened. You can try again, or go another way.').waitFor()
  await ada.sees('Sign in')
  await find()
  await ada.press('Try again')
  await ada.sees('Hello, Ada Byron')
})

test('after the password the passkey is asked for, and once removed it is not', { skip }, async (t) => {
  const { ada, device } = await openOwner(t)
  await signOut(ada)
  const find = await device.lose()
  await ada.open('/account/security/passkey')
  await ada.signIn(EMAIL, PASSWORD)
  await ada.sees('Use a passkey')
  await find()
  await ada.press('Sign in with a passkey')
  await ada.sees('Passkey')
  await ada.follow('Remove')
  await ada.sees(/^Remove/)
  const forgotten = device.forgets()
  await ada.press('Remove it')
  await ada.sees('Passkey')
  await forgotten
  await ada.page.getByText('You have no passkey yet.').waitFor()
  await signOut(ada)
  await ada.open('/account')
  await ada.signIn(EMAIL, PASSWORD)
  await ada.sees('Hello, Ada Byron')
})

/** Somebody whose device could keep a passkey, on the page after the password. */
async function reachOffer(t: TestContext, prepare?: (ada: Visitor) => Promise<unknown>) {
  const world = await createWorld()
  t.after(() => world.close())
  await world.addAccount(EMAIL)
  const ada = await openVisitor(t, browser, world.issuer)
  await prepare?.(ada)
  const device = await Device.open(ada)
  await ada.open('/account')
  await ada.signIn(EMAIL, PASSWORD)
  return { ada, device }
}

test('after a password a passkey is offered; it is made by button, and signs in the next time', { skip }, async (t) => {
  const { ada, device } = await reachOffer(t)
  await ada.sees('Sign in faster next time')
  await ada.press('Create a passkey')
  await ada.sees('Hello, Ada Byron')
  assert.equal((await device.credentials()).length, 1)
  await signOut(ada)
  await ada.open('/account').catch(() => {})
  await ada.sees('Hello, Ada Byron')
})

test('whoever does not want the passkey goes on, and is not asked again', { skip }, async (t) => {
  const { ada, device } = await reachOffer(t)
  await ada.sees('Sign in faster next time')
  await ada.press("Don't ask again")
  await ada.sees('Hello, Ada Byron')
  await signOut(ada)
  await ada.open('/account')
  await ada.signIn(EMAIL, PASSWORD)
  await ada.sees('Hello, Ada Byron')
  assert.deepEqual(await device.credentials(), [])
})

/** A password manager that makes a passkey for a password it has filled in, and asks nobody. */
const SILENT_MANAGER = `
  const { credentials } = navigator
  const create = credentials.create.bind(credentials)
  credentials.create = ({ mediation, ...options }) => create(options)`

test('where the browser makes passkeys by itself nobody is asked anything', { skip }, async (t) => {
  const { ada, device } = await reachOffer(t, ({ page }) => page.addInitScript(SILENT_MANAGER))
  await ada.sees('Hello, Ada Byron')
  assert.equal((await device.credentials()).length, 1)
})

test('without script the pages say calmly that there is another way', { skip }, async (t) => {
  const world = await createWorld()
  t.after(() => world.close())
  await world.addAccount(EMAIL)
  const ada = await openVisitor(t, browser, world.issuer, { hasScript: false })
  await ada.open('/account/security/passkey')
  await ada.signIn(EMAIL, PASSWORD)
  await ada.sees('Passkey')
  await ada.press('Add a passkey')
  await ada.sees('Add a passkey')
  await ada.page
    .getByText(/Passkeys need a browser that knows them/)
    .first()
    .waitFor()
})
