import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys({ env: { GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_IDENTIFIER: '2' } })

journey('a wrong password is said first, and at its field; what is right goes on', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  const { page } = visitor
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  await visitor.type('E-mail', 'not an address')
  await visitor.press('Continue')
  await visitor.sees('Sign in')
  assert.equal(await page.getByLabel('E-mail').inputValue(), 'not an address')
  await visitor.type('E-mail', ADA)
  await visitor.press('Continue')
  await visitor.sees('Enter your password')
  await visitor.type('Password', 'something that is not it')
  await visitor.press('Sign in')

  await visitor.sees('Enter your password')
  const summary = page.getByRole('alert')
  assert.match((await summary.textContent()) ?? '', /That did not match/)
  await page.locator('.summary:focus').waitFor()
  const field = page.getByLabel('Password', { exact: true })
  assert.equal(await field.inputValue(), '')
  assert.equal(await field.getAttribute('aria-invalid'), 'true')
  await summary.getByRole('link').click()
  await page.locator('#password:focus').waitFor()

  await field.pressSequentially(PASSWORD)
  await page.getByRole('button', { name: 'Show' }).click()
  assert.equal(await field.getAttribute('type'), 'text')
  await page.getByRole('button', { name: 'Hide' }).click()
  await visitor.press('Sign in')
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)
})

journey('"Not you?" asks again who it is', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  await world.addAccount('bob@example.com')
  await visitor.open(app.requestUrl({ login_hint: 'somebody-with-a-rather-long-name-indeed@department.example.com' }))
  await visitor.sees('Sign in')
  await visitor.press('Continue')
  await visitor.sees('Enter your password')
  await visitor.press('Not you?')
  await visitor.signIn('bob@example.com', PASSWORD)
  await visitor.sees('Back at the app')
})

journey('after too many tries there is a time to wait, and another way out', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world)
  await visitor.open(app.requestUrl())
  await visitor.signIn('eve@example.com', 'a first guess at it')
  for (const guess of ['a second guess at it', 'a third guess at it']) {
    await visitor.sees('Enter your password')
    await visitor.type('Password', guess)
    await visitor.press('Sign in')
  }
  await visitor.sees('Too many tries')
  assert.match((await visitor.page.locator('time').getAttribute('datetime')) ?? '', /^\d{4}-/)
  await visitor.follow('Try again')
  await visitor.sees('Too many tries')
  await visitor.press('Back to Reading Room')
  await visitor.sees('Back at the app')
  assert.equal(app.received().error, 'access_denied')
})
