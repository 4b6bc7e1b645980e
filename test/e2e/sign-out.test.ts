import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys()

journey('whoever signs out is asked first, can stay, and is out after that', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl())
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees('Back at the app')

  await visitor.open('/session/end')
  await visitor.sees('Sign out?')
  await visitor.press('Stay signed in')
  await visitor.open(app.requestUrl({ prompt: 'none' }))
  assert.ok(app.received().code)

  await visitor.open('/session/end')
  await visitor.sees('Sign out?')
  await visitor.press('Sign out')
  await visitor.sees('You are signed out')
  await visitor.open(app.requestUrl({ prompt: 'none' }))
  assert.equal(app.received().error, 'login_required')
})

journey('an app that asks for it gets the person back', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl())
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees('Back at the app')
  const query = new URLSearchParams({
    client_id: app.clientId,
    post_logout_redirect_uri: `${app.origin}/`,
    state: 'signed-out',
  })
  await visitor.open(`/session/end?${query}`)
  await visitor.sees('Sign out?')
  await visitor.press('Sign out')
  await visitor.sees('Back at the app')
  assert.deepEqual(app.received(), { state: 'signed-out' })
})
