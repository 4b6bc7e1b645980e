import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys()

journey('an answer by form goes to the app on its own', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl({ response_mode: 'form_post' }))
  await visitor.signIn(ADA, PASSWORD)
  await visitor.page.waitForURL(`${app.origin}/callback`)
  await visitor.sees('Back at the app')
  const { code, state, iss } = app.received()
  assert.ok(code)
  assert.deepEqual({ state, iss }, { state: 'a-state-of-the-app', iss: world.issuer })
})
