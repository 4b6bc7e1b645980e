import type { Browser, Page } from './browser.ts'
import { openAccount } from './two-factor.ts'
import type { World } from './world.ts'

const PATH = '/account/security/sms-code'

/** The code in the newest text message to this number. */
export async function codeSentTo(world: World, number: string): Promise<string> {
  const [newest] = await world.texts(number)
  return /\d{6}/.exec(newest?.text ?? '')?.[0] ?? ''
}

/** Asks on the account page for a code to this number. */
export async function startPhone(browser: Browser, email: string, number: string): Promise<Page> {
  const page = await openAccount(browser, email, PATH)
  return browser.press(await browser.press(page, 'add'), 'add', { phone: number })
}

/** Adds a phone on the account page. */
export async function addPhone(world: World, browser: Browser, email: string, number: string): Promise<Page> {
  const asked = await startPhone(browser, email, number)
  return browser.press(asked, 'confirm', { code: await codeSentTo(world, number) })
}

/** Chooses a text message among the ways, and follows. */
export async function chooseText(browser: Browser, page: Page): Promise<Page> {
  const ways = page.forms.some(({ fields }) => fields.method === 'sms-code')
    ? page
    : await browser.press(page, 'choose')
  const form = ways.forms.find(({ fields }) => fields.method === 'sms-code')
  return browser.follow(await browser.post(form?.action ?? '', { ...form?.fields, action: 'use' }))
}

/** A code that is not this one. */
export const otherThan = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')
