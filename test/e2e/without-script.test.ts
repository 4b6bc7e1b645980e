import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys({ hasScript: false })

journey('without script: sign-in, consent, the answer by form, and sign-out', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world)
  await visitor.open(app.requestUrl({ response_mode: 'form_post' }))
  await visitor.signIn(ADA, 'not the password at all')
  await visitor.sees('Enter your password')
  assert.ok(await visitor.page.getByRole('alert').isVisible())
  assert.ok(await visitor.page.getByRole('button', { name: 'Show' }).isHidden())
  await visitor.type('Password', PASSWORD)
  await visitor.press('Sign in')
  await visitor.sees('Reading Room would like to use your account')
  await visitor.press('Allow')
  await visitor.sees('Taking you back')
  await visitor.press('Continue')
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)

  await visitor.open('/session/end')
  await visitor.sees('Sign out?')
  await visitor.press('Sign out')
  await visitor.sees('You are signed out')
})

journey('without script: the playground', async ({ visitor }) => {
  await visitor.open('/workbench/playground')
  await visitor.sees('Playground')
  await visitor.press('Sign in')
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees('Playground would like to use your account')
  await visitor.press('Allow')
  await visitor.sees('What happened')
  await visitor.press('Ask userinfo')
  await visitor.sees('What happened')
  await visitor.press('Sign out')
  await visitor.sees('Sign out?')
  await visitor.press('Sign out')
  await visitor.sees('Playground')
})
