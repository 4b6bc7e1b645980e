import assert from 'node:assert/strict'
import { createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys()

journey('an app that is not known, or asks wrongly, leads to a page that explains', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world)
  const { page } = visitor
  await visitor.open('/auth?client_id=nobody&response_type=code&scope=openid')
  await visitor.sees('We do not know this app')
  assert.match((await page.locator('.reference').textContent()) ?? '', /[\w-]{20,}/)

  await visitor.open(app.requestUrl({ redirect_uri: 'https://evil.example/a/rather/long/path/that/nobody/registered' }))
  await visitor.sees('This app cannot take you back')
  const developers = page.getByRole('region', { name: 'For developers' })
  assert.ok(await developers.getByText('https://evil.example/a/rather/long/path/that/nobody/registered').isVisible())
  assert.ok(await developers.getByText(`${app.origin}/callback`).isVisible())
  assert.equal(app.received().error, undefined)

  await visitor.open('/nothing/here')
  await visitor.sees('There is no such page')
  await visitor.open('/welcome/a-link-that-nobody-made')
  await visitor.sees('This link does not work any more')
  await visitor.open('/')
  await visitor.sees('This is a sign-in service')
})

journey('an account that may not sign in is told so, to whoever knows its password', async ({ t, world, visitor }) => {
  const account = await world.addAccount('sue@example.com')
  await world.accounts.suspend(account.id)
  const app = await startOtherApp(t, world)
  await visitor.open(app.requestUrl())
  await visitor.signIn('sue@example.com', PASSWORD)
  await visitor.sees('This account is suspended')
  await visitor.press('Back to Reading Room')
  await visitor.sees('Back at the app')
  assert.equal(app.received().error, 'access_denied')
})
