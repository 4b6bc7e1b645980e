import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'

const journey = createJourneys()

journey('while somebody types, the rules and the strength of a new password are shown', async ({ world, visitor }) => {
  const account = await world.accounts.findByIdentifier(ADA)
  const { page } = visitor
  await visitor.open(`/welcome/${await world.signIn.invitations.issue('set-password', account)}`)
  await visitor.sees('Set your password')
  const field = page.getByLabel('Password', { exact: true })
  const meter = page.getByRole('meter')
  assert.ok(await meter.isHidden())

  await field.pressSequentially('adaada1111')
  const met = () => page.locator('.rules .met').allTextContents()
  assert.deepEqual(await met(), ['A small letter (met)', 'A digit (met)'])
  assert.ok(await meter.isVisible())
  await page.getByText('Very easy to guess').waitFor()
  await visitor.sees('Set your password')
  await visitor.press('Set the password')
  await visitor.sees('Set your password')
  assert.match((await page.getByRole('alert').textContent()) ?? '', /at least 12 characters/)

  await field.pressSequentially('Four small gates & 1 wide river')
  assert.equal((await met()).length, 5)
  await page.getByText('Very hard to guess').waitFor()
  await visitor.sees('Set your password')
  await visitor.press('Set the password')
  await visitor.sees('All set')
})
