import assert from 'node:assert/strict'
import { ADA, createJourneys, type Surroundings } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { codeSentTo } from '../support/phone.ts'
import { PASSWORD } from '../support/world.ts'

const env = { GATEHOUSE_SMS_COUNTRIES: 'DE' }
const withScript = createJourneys({ env })
const withoutScript = createJourneys({ env, hasScript: false })

const NUMBER = '+4915112345678'

/** Adds a phone, having mistyped its number and its code, and reads the code where developers do. */
async function addPhone({ world, visitor }: Surroundings) {
  await visitor.open('/account/security/sms-code')
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees('Code by text message')
  await visitor.press('Add a phone')
  await visitor.sees('Add a phone')
  await visitor.type('Phone number', '+49 30')
  await visitor.press('Send the code')
  await visitor.sees('Add a phone')
  assert.equal(await visitor.page.getByLabel('Phone number').inputValue(), '+49 30')
  await visitor.type('Phone number', '0151 12345678')
  await visitor.press('Send the code')
  await visitor.sees('Add a phone')
  await visitor.type('6-digit code', '12')
  await visitor.press('Add the phone')
  await visitor.sees('Add a phone')
  const code = await codeSentTo(world, NUMBER)
  await visitor.open('/workbench/inbox')
  await visitor.sees('Inbox')
  assert.ok(await visitor.page.getByRole('cell', { name: `@localhost #${code}` }).isVisible())
  await visitor.open('/account/security/sms-code/add')
  await visitor.sees('Add a phone')
  await visitor.type('6-digit code', code)
  await visitor.press('Add the phone')
  await visitor.sees('Code by text message')
  assert.ok(await visitor.page.getByRole('heading', { name: '••• 78' }).isVisible())
}

/** Signs in to an app: the password, then a code to the phone. */
async function signInByBoth({ t, world, visitor }: Surroundings) {
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl({ prompt: 'login' }))
  if (await visitor.page.getByLabel('E-mail').isVisible()) {
    await visitor.type('E-mail', ADA)
    await visitor.press('Continue')
  }
  await visitor.sees('Enter your password')
  await visitor.type('Password', PASSWORD)
  await visitor.press('Sign in')
  await visitor.sees('How would you like to prove that it is you?')
  await visitor.press('Code by text message')
  await visitor.sees('Enter the code from your phone')
  const field = visitor.page.getByLabel('6-digit code')
  assert.equal(await field.getAttribute('autocomplete'), 'one-time-code')
  await visitor.type('6-digit code', '12')
  await visitor.press('Continue')
  await visitor.sees('Enter the code from your phone')
  assert.ok(await visitor.page.getByRole('alert').isVisible())
  await visitor.press('Send a new code')
  await visitor.sees('Enter the code from your phone')
  assert.match((await visitor.page.getByRole('alert').textContent()) ?? '', /sent to you not long ago/)
  await visitor.type('6-digit code', await codeSentTo(world, NUMBER))
  await visitor.press('Continue')
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)
}

withScript('a phone is added, and its codes let in', async (surroundings) => {
  await addPhone(surroundings)
  await signInByBoth(surroundings)
})

withoutScript('without script: a phone is added, and its codes let in', async (surroundings) => {
  await addPhone(surroundings)
  await signInByBoth(surroundings)
})

withScript('a code comes first, from a phone that may be there or not', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  await visitor.type('E-mail', 'nobody@example.com')
  await visitor.press('Continue')
  await visitor.sees('Enter your password')
  await visitor.press('Use another way to sign in')
  await visitor.sees('How would you like to sign in?')
  await visitor.press('Code by text message')
  await visitor.sees('Enter the code from your phone')
  for (const code of ['111111', '222222']) {
    await visitor.type('6-digit code', code)
    await visitor.press('Continue')
    await visitor.sees('Enter the code from your phone')
  }
  await visitor.type('6-digit code', '333333')
  await visitor.press('Continue')
  await visitor.sees('How would you like to sign in?')
  assert.match((await visitor.page.getByRole('alert').textContent()) ?? '', /cannot be used any more/)
})
