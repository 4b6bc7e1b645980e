import assert from 'node:assert/strict'
import axe, { type AxeResults, type RunOptions } from 'axe-core'
import type { Locator, Page } from 'playwright-core'
import { keepShown } from './collecting.ts'
import type { SeenSecrets } from './secrets.ts'

/** WCAG 2.2 A and AA, and what axe's authors recommend on top. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

export const DESK = { width: 1280, height: 900 }
/** The narrowest page that has to work (WCAG 2.2, 1.4.10). */
const NARROW = { width: 320, height: 640 }

/** For machines that have much to do; what is waited for comes in a moment. */
const PATIENCE_MS = 60_000

/**
 * Somebody in front of Chromium. Every page they look at is inspected: accessibility, narrow screens, the console.
 * They are opened in a journey, which searches for every secret that they came across.
 */
export class Visitor {
  readonly page: Page
  readonly issuer: string
  readonly secrets: SeenSecrets
  readonly #hasScript: boolean
  readonly #complaints: string[] = []

  constructor(
    page: Page,
    { issuer, secrets, hasScript }: { issuer: string; secrets: SeenSecrets; hasScript: boolean },
  ) {
    this.page = page
    this.issuer = issuer
    this.secrets = secrets
    this.#hasScript = hasScript
    page.on('pageerror', (error) => this.#complaints.push(error.message))
    page.on('console', (message) => {
      // The browser tells of every page with such a status; those that we meant are looked at by their heading.
      const isRefusedPage = /the server responded with a status of 4\d\d/.test(message.text())
      if (message.type() === 'error' && !isRefusedPage) this.#complaints.push(`${page.url()}: ${message.text()}`)
    })
  }

  async open(address: string): Promise<void> {
    await this.page.goto(new URL(address, this.issuer).href)
  }

  /** Waits for the page with this heading, and inspects it. */
  async sees(heading: string | RegExp): Promise<void> {
    await this.#arrives(heading)
    assert.equal(await this.page.locator('h1').count(), 1)
    await keepShown(this.secrets, this.page)
    await this.#fitsNarrowScreens()
    if (this.#hasScript) await this.#isAccessible()
    assert.deepEqual(this.#complaints, [])
  }

  /** Presses the button, and waits for the page that it leads to. */
  async press(name: string): Promise<void> {
    await this.#leaveBy(this.page.getByRole('button', { name, exact: true }))
  }

  /** Follows the link, and waits for the page that it leads to. */
  async follow(name: string): Promise<void> {
    await this.#leaveBy(this.page.getByRole('link', { name, exact: true }))
  }

  /** Presses a key that leads to another page. */
  async pressKey(key: string): Promise<void> {
    await this.#leave(() => this.page.keyboard.press(key))
  }

  async type(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text)
  }

  /** Fills in the two sign-in pages, on the way to something else. */
  async signIn(email: string, password: string): Promise<void> {
    await this.#arrives('Sign in')
    await this.type('E-mail', email)
    await this.press('Continue')
    await this.#arrives('Enter your password')
    await this.type('Password', password)
    await this.press('Sign in')
  }

  /** Ends the session by the page for it. */
  async signOut(): Promise<void> {
    await this.open('/session/end')
    await this.sees('Sign out?')
    await this.press('Sign out')
    await this.sees('You are signed out')
  }

  async #arrives(heading: string | RegExp): Promise<void> {
    const found = this.page.getByRole('heading', { level: 1, name: heading, exact: typeof heading === 'string' })
    await found.waitFor({ timeout: PATIENCE_MS }).catch(async (cause: unknown) => {
      const shown = await this.page.locator('h1').allTextContents()
      throw new Error(`"${heading}" does not come; there is "${shown}" at ${this.page.url()}`, { cause })
    })
    // The heading may be there before the rest.
    await this.page.waitForLoadState('domcontentloaded')
  }

  async #leaveBy(control: Locator): Promise<void> {
    await control.waitFor()
    await this.#leave(() => control.click())
  }

  async #leave(act: () => Promise<void>): Promise<void> {
    await keepShown(this.secrets, this.page)
    const loaded = this.page.waitForEvent('domcontentloaded', { timeout: PATIENCE_MS })
    await Promise.all([loaded, act()])
  }

  async #fitsNarrowScreens(): Promise<void> {
    await this.page.setViewportSize(NARROW)
    const width = await this.page.evaluate<number>('document.documentElement.scrollWidth')
    assert.ok(width <= NARROW.width, `${this.page.url()} is ${width} px wide on a screen of ${NARROW.width}`)
    await this.page.setViewportSize(DESK)
  }

  /** In both colour schemes; colours are all that differs between them. The debugger's way in, so the page's CSP stays. */
  async #isAccessible(): Promise<void> {
    await this.page.evaluate(axe.source)
    const found = await this.#runAxe({ runOnly: RULES })
    await this.page.emulateMedia({ colorScheme: 'dark' })
    found.push(...(await this.#runAxe({ runOnly: ['color-contrast'] })))
    await this.page.emulateMedia({ colorScheme: 'light' })
    assert.deepEqual(found, [], this.page.url())
  }

  async #runAxe(options: RunOptions): Promise<string[]> {
    const choice = JSON.stringify({ iframes: false, ...options })
    const { violations } = await this.page.evaluate<AxeResults>(`axe.run(document, ${choice})`)
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  }
}
