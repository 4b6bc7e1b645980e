import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys()
const ASKED = 'Reading Room would like to use your account'

journey('what is refused is told to the app; what is allowed is remembered', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, {
    client_uri: 'https://rp.example',
    policy_uri: 'https://rp.example/privacy',
    tos_uri: 'https://rp.example/terms',
  })
  await visitor.open(app.requestUrl())
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees(ASKED)
  await visitor.press('Not now')
  await visitor.sees('Back at the app')
  assert.equal(app.received().error, 'access_denied')
  assert.equal(app.received().state, 'a-state-of-the-app')

  await visitor.open(app.requestUrl())
  await visitor.sees(ASKED)
  await visitor.press('Allow')
  await visitor.sees('Back at the app')
  const { code } = app.received()
  assert.ok(code)

  await visitor.open(app.requestUrl())
  await visitor.sees('Back at the app')
  assert.notEqual(app.received().code, code)
})

journey('whoever is asked can be somebody else', async ({ t, world, visitor }) => {
  await world.addAccount('bob@example.com')
  const app = await startOtherApp(t, world)
  await visitor.open(app.requestUrl())
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees(ASKED)
  assert.ok(await visitor.page.getByText(ADA).first().isVisible())
  await visitor.press('Not you?')
  await visitor.sees('Choose an account')
  await visitor.press('Use another account')
  await visitor.signIn('bob@example.com', PASSWORD)
  await visitor.sees(ASKED)
  assert.ok(await visitor.page.getByText('bob@example.com').first().isVisible())
  await visitor.press('Allow')
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)
})

journey('going back to the sign-in page after it is over starts nothing odd', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl())
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees('Back at the app')
  await visitor.page.goBack()
  await visitor.sees('This sign-in has ended')
  await visitor.follow('Start again')
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)
})

journey('an app that registered itself says so until somebody vouches for it', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world)
  const metadata = {
    client_name: 'Self Service',
    redirect_uris: [`${app.origin}/callback`],
    token_endpoint_auth_method: 'none',
  }
  const { client_id } = await world.clients.register(metadata, { via: 'dynamic' })
  const warning = visitor.page.getByText('nobody here has checked')
  await visitor.open(app.requestUrl({ client_id }))
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees('Self Service would like to use your account')
  assert.match((await warning.textContent()) ?? '', new RegExp(`leads back to ${new URL(app.origin).host}`))
  await world.clients.verify(client_id)
  await visitor.page.reload()
  await visitor.sees('Self Service would like to use your account')
  assert.equal(await warning.count(), 0)
  await visitor.press('Allow')
  await visitor.sees('Back at the app')
})
