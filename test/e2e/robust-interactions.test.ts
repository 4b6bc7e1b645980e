import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys()

journey('a sign-in that took too long starts again at the same app', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick((world.config.lifetimes.interactionSeconds + 60) * 1000)
  await visitor.type('E-mail', ADA)
  await visitor.press('Continue')
  await visitor.sees('This sign-in has ended')
  await visitor.follow('Start again')
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees('Back at the app')
  assert.equal(app.received().state, 'a-state-of-the-app')
})

journey('back button: whoever goes back after the sign-in gets to the app again', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  const { page } = visitor
  await visitor.open(app.requestUrl())
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees('Back at the app')
  await page.goBack()
  await visitor.sees('This sign-in has ended')
  await visitor.follow('Start again')
  await visitor.sees('Back at the app')
  assert.equal(app.received().state, 'a-state-of-the-app')
})

journey('back button: before the sign-in is done it leads to the page as it is now', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  const { page } = visitor
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  await visitor.type('E-mail', 'somebody@example.com')
  await visitor.press('Continue')
  await visitor.sees('Enter your password')
  await visitor.press('Not you?')
  await visitor.signIn(ADA, 'something that is not it')
  await visitor.sees('Enter your password')
  await page.goBack()
  await visitor.sees('Enter your password')
  await visitor.type('Password', PASSWORD)
  await visitor.press('Sign in')
  await visitor.sees('Back at the app')
})

journey('two tabs: what the second one still shows is started again by a button', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  await visitor.type('E-mail', ADA)
  await visitor.press('Continue')
  await visitor.sees('Enter your password')
  const { page } = visitor
  const other = await page.context().newPage()
  await other.goto(page.url())
  await other.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await other.getByRole('button', { name: 'Sign in', exact: true }).click()
  await other.getByRole('heading', { name: 'Back at the app' }).waitFor()
  await visitor.type('Password', PASSWORD)
  await visitor.press('Sign in')
  await visitor.sees('This sign-in has ended')
  await visitor.follow('Start again')
  await visitor.sees('Back at the app')
})

journey('double submit: a button that is pressed twice signs in once', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  const { page } = visitor
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  await visitor.type('E-mail', ADA)
  await visitor.press('Continue')
  await visitor.sees('Enter your password')
  await visitor.type('Password', PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).dblclick()
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)
})
