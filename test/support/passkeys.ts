import { Authenticator, type Options, type Twist } from './authenticator.ts'
import { Browser, type Page } from './browser.ts'
import { openAccount } from './two-factor.ts'

const decode = (html: string) => html.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')

/** What the page's script would hand to the browser. */
export function optionsOf(page: Page): Options {
  const found = /data-options="([^"]*)"/.exec(page.text)?.[1]
  if (!found) throw new Error(`"${page.heading}" (${page.status}) asks for no passkey`)
  return JSON.parse(decode(found))
}

/** Sends the form of the passkey, as the page's script would, and follows. */
export async function answer(browser: Browser, page: Page, fields: Record<string, string>): Promise<Page> {
  const form = page.forms.find(({ fields: known }) => 'response' in known)
  if (!form) throw new Error(`"${page.heading}" has no form for a passkey`)
  return browser.follow(await browser.post(new URL(form.action, page.url).href, { ...form.fields, ...fields }))
}

/** Opens the page that adds a passkey. */
export async function openAdding(browser: Browser, email: string): Promise<Page> {
  return browser.press(await openAccount(browser, email, '/account/security/passkey'), 'add')
}

/** Adds a passkey on the account page, in a browser of its own. */
export async function addPasskey(issuer: string, email: string, twist: Twist = {}, browser = new Browser(issuer)) {
  const authenticator = new Authenticator(issuer)
  const page = await openAdding(browser, email)
  const added = await answer(browser, page, { response: authenticator.create(optionsOf(page), twist) })
  return { authenticator, browser, page: added }
}
