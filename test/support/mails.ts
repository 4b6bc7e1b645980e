import type { Browser, Page } from './browser.ts'
import type { World } from './world.ts'

/** What the newest mail to this address holds; nothing when there is none. */
export async function readMail(world: World, to: string) {
  const [mail] = await world.mails(to)
  const { subject = '', text = '' } = mail ?? {}
  const link = /^https?:\/\/\S+$/m.exec(text)?.[0] ?? ''
  const code = /^(\d{6,8})$/m.exec(text)?.[1] ?? ''
  return { subject, link, code }
}

/** From the page that asks for an address to the one where a first credential is chosen, by the mailed code. */
export async function proveAddress(world: World, browser: Browser, asked: Page, email: string): Promise<Page> {
  const sent = await browser.press(asked, 'send', { identifier: email })
  return browser.press(sent, 'confirm', { code: (await readMail(world, email)).code })
}
