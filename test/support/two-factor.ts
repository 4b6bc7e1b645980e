import { generate } from 'otplib'
import { Browser, type Page } from './browser.ts'
import { PASSWORD, type World } from './world.ts'

const UNPROCESSABLE = 422

/** The code that an app with this key shows now, or so many steps later. */
export function codeOf(key: string, steps = 0): Promise<string> {
  return generate({ secret: key.replaceAll(' ', ''), epoch: Math.floor(Date.now() / 1000) + steps * 30 })
}

/** Opens an account page, signing in by password on the way. */
export async function openAccount(browser: Browser, email: string, path = '/account'): Promise<Page> {
  const identifier = await browser.open(path)
  if (!identifier.forms.some(({ fields }) => 'identifier' in fields)) return identifier
  const password = await browser.press(identifier, 'continue', { identifier: email })
  return browser.press(password, 'sign-in', { password: PASSWORD })
}

/** Adds an authenticator app on the account page. @returns its key */
export async function addApp(browser: Browser, email: string): Promise<string> {
  const page = await openAccount(browser, email, '/account/security/totp')
  const adding = await browser.press(page, 'add')
  const key = /id="key"[^>]*>([^<]+)</.exec(adding.text)?.[1] ?? ''
  // The code of the step before: the present one stays good for signing in.
  const confirm = async () => browser.press(adding, 'confirm', { code: await codeOf(key, -1), name: 'Phone' })
  // Once more if a step has begun between making the code and looking at it.
  if ((await confirm()).status === UNPROCESSABLE) await confirm()
  return key
}

/** Makes recovery codes on the account page, as a browser that is signed in. @returns the codes */
export async function makeRecoveryCodes(browser: Browser): Promise<string[]> {
  const page = await browser.open('/account/security/recovery-code')
  const shown = await browser.press(await browser.press(page, 'add'), 'confirm')
  return (/<pre[^>]*id="codes"[^>]*>([^<]+)</.exec(shown.text)?.[1] ?? '').trim().split(/\s+/)
}

/** Signs in by password in a new browser, up to the second step. */
export async function toSecondStep(world: World, email: string, path = '/account') {
  const browser = new Browser(world.issuer)
  return { browser, page: await openAccount(browser, email, path) }
}
