import assert from 'node:assert/strict'
import { newId } from '../../src/platform/ids.ts'
import { Device } from '../support/device.ts'
import { createJourneys, type Surroundings } from '../support/journey.ts'
import type { Visitor } from '../support/visitor.ts'
import { PASSWORD, type World } from '../support/world.ts'

const journey = createJourneys()

/** An account that no passkey was made for yet. @returns its address */
async function addAccount(world: World): Promise<string> {
  const { email } = await world.addAccount(`${newId().toLowerCase()}@example.com`)
  return email
}

/** Somebody who is signed in by password, with a device that has a passkey. */
async function openOwner({ world, visitor: ada }: Surroundings) {
  const email = await addAccount(world)
  await ada.open('/account/security/passkey')
  await ada.signIn(email, PASSWORD)
  await ada.sees('Passkey')
  const device = await Device.open(ada)
  await ada.press('Add a passkey')
  await ada.sees('Add a passkey')
  await ada.press('Create the passkey')
  await ada.sees('Passkey')
  assert.equal(await ada.page.locator('.cards li').count(), 1)
  return { ada, email, device }
}

/** Somebody else's turn at this browser: nobody is signed in any more. */
const signOut = async ({ page }: Visitor) => page.context().clearCookies()

journey('a passkey is added, and signs in by itself where the browser fills it in', async (surroundings) => {
  const { ada } = await openOwner(surroundings)
  await signOut(ada)
  // The page may be gone before it has loaded: the device answers at once.
  await ada.open('/account').catch(() => {})
  await ada.sees('Hello, Ada Byron')
})

journey(
  'the button needs no identifier, and a dialog that came to nothing can be tried again',
  async (surroundings) => {
    const { ada, device } = await openOwner(surroundings)
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
  },
)

journey('after the password the passkey is asked for, and once removed it is not', async (surroundings) => {
  const { ada, email, device } = await openOwner(surroundings)
  await signOut(ada)
  const find = await device.lose()
  await ada.open('/account/security/passkey')
  await ada.signIn(email, PASSWORD)
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
  await ada.signIn(email, PASSWORD)
  await ada.sees('Hello, Ada Byron')
})

/** Somebody whose device could keep a passkey, on the page after the password. */
async function reachOffer({ world, visitor: ada }: Surroundings) {
  const email = await addAccount(world)
  const device = await Device.open(ada)
  await ada.open('/account')
  await ada.sees('Sign in')
  await ada.type('E-mail', email)
  await ada.press('Continue')
  await ada.sees('Enter your password')
  // The page asks the browser what it can do, and tells with the password.
  await ada.page.locator('input[name="passkeys"]').waitFor({ state: 'attached' })
  await ada.type('Password', PASSWORD)
  await ada.press('Sign in')
  return { ada, email, device }
}

journey(
  'after a password a passkey is offered; it is made by button, and signs in the next time',
  async (surroundings) => {
    const { ada, device } = await reachOffer(surroundings)
    await ada.sees('Sign in faster next time')
    await ada.press('Create a passkey')
    await ada.sees('Hello, Ada Byron')
    assert.equal((await device.credentials()).length, 1)
    await signOut(ada)
    await ada.open('/account').catch(() => {})
    await ada.sees('Hello, Ada Byron')
  },
)

journey('whoever does not want the passkey goes on, and is not asked again', async (surroundings) => {
  const { ada, email, device } = await reachOffer(surroundings)
  await ada.sees('Sign in faster next time')
  await ada.press("Don't ask again")
  await ada.sees('Hello, Ada Byron')
  await signOut(ada)
  await ada.open('/account')
  await ada.signIn(email, PASSWORD)
  await ada.sees('Hello, Ada Byron')
  assert.deepEqual(await device.credentials(), [])
})

/** A password manager that makes a passkey for a password it has filled in, and asks nobody. */
const SILENT_MANAGER = `
  const { credentials } = navigator
  const create = credentials.create.bind(credentials)
  credentials.create = ({ mediation, ...options }) => create(options)`

journey('where the browser makes passkeys by itself nobody is asked anything', async (surroundings) => {
  await surroundings.visitor.page.addInitScript(SILENT_MANAGER)
  const { ada, device } = await reachOffer(surroundings)
  await ada.sees('Hello, Ada Byron')
  assert.equal((await device.credentials()).length, 1)
})

journey('without script the pages say calmly that there is another way', async ({ world, open }) => {
  const email = await addAccount(world)
  const ada = await open({ hasScript: false })
  await ada.open('/account/security/passkey')
  await ada.signIn(email, PASSWORD)
  await ada.sees('Passkey')
  await ada.press('Add a passkey')
  await ada.sees('Add a passkey')
  await ada.page
    .getByText(/Passkeys need a browser that knows them/)
    .first()
    .waitFor()
})
