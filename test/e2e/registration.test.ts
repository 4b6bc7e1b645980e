import assert from 'node:assert/strict'
import { Device } from '../support/device.ts'
import { createJourneys, type Surroundings } from '../support/journey.ts'
import { readMail } from '../support/mails.ts'
import { startOtherApp } from '../support/other-app.ts'

const PASSWORD = 'A password nobody else has 1'
const env = { GATEHOUSE_ACCOUNTS_REGISTRATION: 'open' }

/** From the app to the page that waits for the mail. */
async function askFor(surroundings: Surroundings, email: string) {
  const { t, world, visitor } = surroundings
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  await visitor.follow('Create an account')
  await visitor.sees('Create an account')
  await visitor.type('E-mail', email)
  await visitor.press('Continue')
  await visitor.sees('Look into your mailbox')
  return app
}

const journey = createJourneys({ env })
const withoutScript = createJourneys({ env, hasScript: false })

journey('a new person makes an account by the code of a mail, and is back at the app', async (surroundings) => {
  const { visitor } = surroundings
  const app = await askFor(surroundings, 'grace@example.com')
  const { code } = await readMail(surroundings.world, 'grace@example.com')
  await visitor.type('Code from the mail', code === '000000' ? '111111' : '000000')
  await visitor.press('Continue')
  await visitor.sees('Look into your mailbox')
  assert.match((await visitor.page.getByRole('alert').textContent()) ?? '', /not the code/)
  await visitor.type('Code from the mail', code)
  await visitor.press('Continue')
  await visitor.sees('Choose how you sign in')
  await visitor.type('Name (optional)', 'Grace')
  await visitor.type('Password', PASSWORD)
  await visitor.press('Create the account')
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)
})

journey(
  'while developing, the mail is in the inbox, and its link leads on in the same browser',
  async (surroundings) => {
    const { visitor } = surroundings
    const { page } = visitor
    const app = await askFor(surroundings, 'linus@example.com')
    await visitor.open('/workbench/inbox')
    await visitor.sees('Inbox')
    await page.getByRole('row', { name: 'linus@example.com' }).getByRole('link').click()
    await visitor.sees('Confirm your e-mail address for Gatehouse')
    const { link } = await readMail(surroundings.world, 'linus@example.com')
    await visitor.follow(link)
    await visitor.sees('Confirm your e-mail address')
    await visitor.press('Confirm')
    await visitor.sees('Choose how you sign in')
    await visitor.type('Password', PASSWORD)
    await visitor.press('Create the account')
    await visitor.sees('Back at the app')
    assert.ok(app.received().code)
    await visitor.open(link)
    await visitor.sees('This link does not work any more')
  },
)

journey(
  'a passkey instead of a password makes the account, and is all that is asked for later',
  async (surroundings) => {
    const { visitor } = surroundings
    const device = await Device.open(visitor)
    const app = await askFor(surroundings, 'katherine@example.com')
    const { code } = await readMail(surroundings.world, 'katherine@example.com')
    await visitor.type('Code from the mail', code)
    await visitor.press('Continue')
    await visitor.sees('Choose how you sign in')
    await visitor.type('Name (optional)', 'Katherine')
    await visitor.press('Use a passkey instead')
    await visitor.sees('Back at the app')
    assert.ok(app.received().code)
    assert.equal((await device.credentials()).length, 1)
    await visitor.page.context().clearCookies()
    // The page may be gone before it has loaded: the device answers at once.
    await visitor.open('/account').catch(() => {})
    await visitor.sees('Hello, Katherine')
  },
)

withoutScript('without script, and with the mail read on another device', async (surroundings) => {
  const { visitor } = surroundings
  const app = await askFor(surroundings, 'edsger@example.com')
  const at = visitor.page.url()
  const { link, code } = await readMail(surroundings.world, 'edsger@example.com')
  // Another device has none of these cookies.
  const kept = await visitor.page.context().cookies()
  await visitor.page.context().clearCookies()
  await visitor.open(link)
  await visitor.sees('Confirm your e-mail address')
  await visitor.press('Confirm')
  await visitor.sees('Type this code where you started')
  assert.ok(await visitor.page.getByText(code, { exact: true }).isVisible())
  await visitor.page.context().addCookies(kept)
  await visitor.open(at)
  await visitor.type('Code from the mail', code)
  await visitor.press('Continue')
  await visitor.sees('Choose how you sign in')
  assert.ok(await visitor.page.getByText('Use a passkey instead').isHidden())
  await visitor.type('Password', PASSWORD)
  await visitor.press('Create the account')
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)
})
