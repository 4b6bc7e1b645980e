import assert from 'node:assert/strict'
import { createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'

const journey = createJourneys({ locale: 'de-AT' })

journey('the browser chooses the language, until the person does', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world)
  const { page } = visitor
  const language = () => page.locator('html').getAttribute('lang')
  await visitor.open(app.requestUrl())
  await visitor.sees('Anmelden')
  assert.equal(await language(), 'de')
  await visitor.follow('English')
  await visitor.sees('Sign in')
  assert.equal(await language(), 'en')
  assert.ok(await page.getByText('Reading Room', { exact: true }).isVisible())
  await visitor.open('/auth?client_id=nobody')
  await visitor.sees('We do not know this app')
  await visitor.follow('Deutsch')
  assert.equal(await language(), 'de')
})
