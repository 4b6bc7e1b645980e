import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { ADA, createJourneys, type Surroundings } from '../support/journey.ts'

const journey = createJourneys()

/** In front of the field for a new password. @returns the addresses of the modules that were asked for */
async function reachField({ world, visitor }: Surroundings): Promise<string[]> {
  const account = await world.accounts.findByIdentifier(ADA)
  const asked: string[] = []
  visitor.page.on('request', (request) => {
    if (request.url().includes('/assets/zxcvbn.')) asked.push(request.url())
  })
  await visitor.open(`/welcome/${await world.signIn.invitations.issue('set-password', account)}`)
  await visitor.sees('Set your password')
  return asked
}

const field = (page: Page) => page.getByLabel('Password', { exact: true })
const met = (page: Page) => page.locator('.rules .met').allTextContents()

journey('while somebody types, the rules and the strength of a new password are shown', async (surroundings) => {
  const { visitor } = surroundings
  const { page } = visitor
  const asked = await reachField(surroundings)
  const meter = page.getByRole('meter')
  assert.ok(await meter.isHidden())
  assert.deepEqual(asked, [], 'nothing is loaded before the field is used')

  await field(page).pressSequentially('adaada1111')
  assert.deepEqual(await met(page), ['A small letter (met)', 'A digit (met)'])
  assert.ok(await meter.isVisible())
  await page.locator('[data-estimator="zxcvbn"]').waitFor()
  await page.getByText('Easy to guess', { exact: true }).waitFor()
  await visitor.sees('Set your password')
  await visitor.press('Set the password')
  await visitor.sees('Set your password')
  assert.match((await page.getByRole('alert').textContent()) ?? '', /at least 12 characters/)

  await field(page).pressSequentially('Four small gates & 1 wide river')
  assert.equal((await met(page)).length, 5)
  await page.getByText('Very hard to guess').waitFor()
  await visitor.sees('Set your password')
  await visitor.press('Set the password')
  await visitor.sees('All set')
})

journey('why it is easy to guess is said while typing, in the words of the server', async (surroundings) => {
  const { visitor } = surroundings
  const { page } = visitor
  await reachField(surroundings)
  await field(page).fill('adaada1111')
  await visitor.press('Set the password')
  await visitor.sees('Set your password')
  const reasons = (await page.locator('#password-wrong p').allTextContents()).join(' ')
  const said = /This password is too easy to guess\..+/.exec(reasons)?.[0] ?? assert.fail(reasons)
  // Whenever the typing pauses, what is there so far is judged: in the end it is the whole.
  const advice = page.locator('[data-advice]')
  await field(page).pressSequentially('adaada1111')
  await advice.getByText(said, { exact: true }).waitFor()
  await visitor.sees('Set your password')

  await field(page).fill('')
  await field(page).pressSequentially('Password1!')
  await advice.getByText('Many people use this password').waitFor()
})

journey('where the estimator cannot be had, a rough estimate does', async (surroundings) => {
  const { visitor } = surroundings
  const { page } = visitor
  await page.route('**/assets/zxcvbn.*/core/**', (route) => route.fulfill({ status: 404, body: '' }))
  await reachField(surroundings)
  await field(page).pressSequentially('adaada1111')
  await page.getByText('Very easy to guess').waitFor()
  await field(page).fill('Four small gates & 1 wide river')
  await page.getByText('Very hard to guess').waitFor()
  await visitor.press('Set the password')
  await visitor.sees('All set')
})
