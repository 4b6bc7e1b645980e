import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { ADA, createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys()

/** What has the focus, by its role and name as a screen reader tells them. */
const focused = async (page: Page) => (await page.locator(':focus').ariaSnapshot()).split('\n')[0] ?? ''

/** Whether it can be seen to have it (WCAG 2.2, 2.4.7). */
const isSeen = (page: Page) =>
  page.evaluate<boolean>(`(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement)
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
  })()`)

/** Tabs on until this has the focus; every stop on the way shows that it has it. */
async function tabTo(page: Page, name: string): Promise<void> {
  const stops: string[] = []
  for (let step = 0; step < 15; step++) {
    await page.keyboard.press('Tab')
    const at = await focused(page)
    assert.ok(await isSeen(page), `the focus cannot be seen at ${at}`)
    if (at.includes(`"${name}"`)) return
    stops.push(at)
  }
  assert.fail(`"${name}" is not reached: ${stops.join(', ')}`)
}

journey('with the keyboard alone', async ({ t, world, visitor }) => {
  const app = await startOtherApp(t, world)
  const { page } = visitor
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  await page.keyboard.press('Tab')
  assert.match(await focused(page), /link "Skip to the content"/)
  await tabTo(page, 'E-mail')
  await page.keyboard.type(ADA)
  await visitor.pressKey('Enter')
  await visitor.sees('Enter your password')
  await tabTo(page, 'Password')
  await page.keyboard.type(PASSWORD)
  await visitor.pressKey('Enter')
  await visitor.sees('Reading Room would like to use your account')
  await tabTo(page, 'Allow')
  await visitor.pressKey('Enter')
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)
})
