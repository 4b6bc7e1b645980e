import assert from 'node:assert/strict'
import { createJourneys } from '../support/journey.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys()

journey('an address is confirmed, changed, and brought back by its old mailbox', async ({ world, visitor }) => {
  await world.addAccount('before@example.com')
  const read = async (to: string) => (await world.mails(to))[0]?.text ?? ''
  const codeFor = async (to: string) => /^(\d{6})$/m.exec(await read(to))?.[1] ?? ''
  const { page } = visitor
  await visitor.open('/account/email')
  await visitor.signIn('before@example.com', PASSWORD)
  await visitor.sees('E-mail address')
  assert.ok(await page.getByText('not confirmed yet').isVisible())
  await page.getByRole('region', { name: 'Confirm your address' }).getByRole('button').click()
  await visitor.sees('Look into your mailbox')
  await visitor.type('Code from the mail', await codeFor('before@example.com'))
  await visitor.press('Confirm')
  await visitor.sees('E-mail address')

  await visitor.type('New e-mail address', 'after@example.com')
  await visitor.press('Send the mail')
  await visitor.sees('Look into your mailbox')
  const link = /^https?:\/\/\S+\/confirm\/\S+$/m.exec(await read('after@example.com'))?.[0] ?? ''
  await visitor.open(link)
  await visitor.sees('Confirm your e-mail address')
  await visitor.press('Confirm')
  await visitor.sees('One more step')
  await visitor.press('Use this address')
  await visitor.sees('E-mail address')
  assert.ok(await page.getByText('after@example.com · confirmed').isVisible())

  const undo = /^https?:\/\/\S+\/email-undo\/\S+$/m.exec(await read('before@example.com'))?.[0] ?? ''
  await visitor.open(undo)
  await visitor.sees('Bring your address back?')
  await visitor.press('Bring it back')
  await visitor.sees('Your address is back')
  await visitor.open(undo)
  await visitor.sees('This link does not work any more')
  await visitor.open('/account/email')
  await visitor.sees('Sign in')
})
