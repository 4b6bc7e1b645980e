import assert from 'node:assert/strict'
import { ADA, createJourneys, type Surroundings } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const CHOSEN = 'Another horse & 7 carts'

const journey = createJourneys()
const withoutScript = createJourneys({ hasScript: false })

/** The newest mail for a new password. */
async function readMail({ world }: Surroundings, to = ADA) {
  const mail = (await world.mails(to)).find(({ subject }) => /new password/.test(subject))
  const text = mail?.text ?? ''
  const [link = '', code = ''] = [/^https?:\/\/\S+$/m.exec(text)?.[0], /^(\d{8})$/m.exec(text)?.[1]]
  return { link, code }
}

/** From the app to the page that waits for the mail. */
async function forget(surroundings: Surroundings, email = ADA) {
  const { t, world, visitor } = surroundings
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  await visitor.type('E-mail', email)
  await visitor.press('Continue')
  await visitor.sees('Enter your password')
  await visitor.follow('Forgot your password?')
  await visitor.sees('Forgot your password?')
  await visitor.press('Send the mail')
  await visitor.sees('Look into your mailbox')
  return app
}

/** From the done page back to the app. */
async function goOn({ visitor }: Surroundings) {
  await visitor.sees('Your new password is set')
  await visitor.follow('Continue')
  await visitor.sees('Enter your password')
  await visitor.type('Password', CHOSEN)
  await visitor.press('Sign in')
  await visitor.sees('Back at the app')
}

journey('a forgotten password is replaced by the link of a mail, and one is back at the app', async (surroundings) => {
  const { visitor } = surroundings
  const app = await forget(surroundings)
  await visitor.open((await readMail(surroundings)).link)
  await visitor.sees('Set a new password')
  await visitor.type('New password', 'ada ada ada')
  await visitor.press('Set the password')
  await visitor.sees('Set a new password')
  await visitor.page.locator('.summary:focus').waitFor()
  await visitor.type('New password', CHOSEN)
  await visitor.press('Set the password')
  await goOn(surroundings)
  assert.ok(app.received().code)
})

withoutScript('without script: by the code of the mail', async (surroundings) => {
  const { visitor } = surroundings
  const app = await forget(surroundings)
  const { code } = await readMail(surroundings)
  await visitor.type('Code from the mail', code === '00000000' ? '11111111' : '00000000')
  await visitor.press('Continue')
  await visitor.sees('Look into your mailbox')
  assert.match((await visitor.page.getByRole('alert').textContent()) ?? '', /not the code/)
  await visitor.type('Code from the mail', code)
  await visitor.press('Continue')
  await visitor.sees('Set a new password')
  await visitor.type('New password', CHOSEN)
  await visitor.press('Set the password')
  await goOn(surroundings)
  assert.ok(app.received().code)
})

journey('a link that is no longer good leads to a new one', async (surroundings) => {
  const { world, visitor } = surroundings
  await world.addAccount('carol@example.com')
  await forget(surroundings, 'carol@example.com')
  const { link } = await readMail(surroundings, 'carol@example.com')
  await visitor.press('Send another mail')
  await visitor.sees('Look into your mailbox')
  await visitor.open(link)
  await visitor.sees('This link does not work any more')
  await visitor.follow('Ask for a new one')
  await visitor.sees('Forgot your password?')
  await visitor.type('E-mail', 'carol@example.com')
  await visitor.press('Send the mail')
  await visitor.sees('Look into your mailbox')
})

journey('another password on the account page', async ({ world, visitor }) => {
  await world.addAccount('bob@example.com')
  await visitor.open('/.well-known/change-password')
  await visitor.signIn('bob@example.com', PASSWORD)
  await visitor.sees('Password')
  await visitor.type('Present password', 'not the present one')
  await visitor.type('New password', CHOSEN)
  await visitor.press('Set the password')
  await visitor.sees('Password')
  assert.match((await visitor.page.getByRole('alert').textContent()) ?? '', /not your present password/)
  await visitor.type('Present password', PASSWORD)
  await visitor.type('New password', CHOSEN)
  await visitor.press('Set the password')
  await visitor.sees('Your password is set')
  await visitor.follow('Back')
  await visitor.sees('Hello, Ada Byron')
})
