// The pictures of the README, taken from the program as it is: `npm run pictures`.
import { mkdirSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { createWorld, PASSWORD } from './world.ts'

const EMAIL = 'ada@example.com'
const SIGN_IN = { width: 880, height: 740 }
const PLAYGROUND = { width: 1180, height: 1290 }

const world = await createWorld({ env: { PORT: '3000' } })
const browser = await launchChromium()

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

/** The password page of an app, as somebody sees it who has said who they are. */
async function takeSignIn(page: Page): Promise<void> {
  await page.setViewportSize(SIGN_IN)
  await page.getByLabel('E-mail').fill(EMAIL)
  await press(page, 'Continue')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.screenshot({ path: 'docs/sign-in.png' })
}

/** The playground after a sign-in, and after asking userinfo. */
async function takePlayground(page: Page): Promise<void> {
  await press(page, 'Sign in')
  await press(page, 'Allow')
  await press(page, 'Ask userinfo')
  await page.getByText('UserInfo request').waitFor()
  await page.setViewportSize(PLAYGROUND)
  await page.evaluate('document.activeElement.blur()')
  await page.screenshot({ path: 'docs/playground.png' })
}

try {
  mkdirSync('docs', { recursive: true })
  await world.addAccount(EMAIL)
  const page = await browser.newPage({ locale: 'en', colorScheme: 'light', reducedMotion: 'reduce' })
  await page.goto(`${world.issuer}/workbench/playground`)
  await press(page, 'Sign in')
  await takeSignIn(page)
  await takePlayground(page)
} finally {
  await browser.close()
  await world.close()
}
