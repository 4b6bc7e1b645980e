import type { BrowserContext, Page, Request, Response } from 'playwright-core'
import type { Config } from '../../src/config/index.ts'
import { options } from '../../src/config/options.ts'
import type { SeenSecrets } from './secrets.ts'
import type { World } from './world.ts'

/** Fields of addresses and forms that are nobody else's business, and what they hold. */
const FIELDS: Readonly<Record<string, string>> = {
  csrf: 'form token',
  xsrf: 'form token',
  password: 'password',
  current: 'password',
  client_secret: 'client secret',
  id_token_hint: 'ID token',
  code_verifier: 'code verifier',
}

/** Paths that are worth something to whoever knows them. */
const PATHS: readonly (readonly [string, RegExp])[] = [
  ['one-time link', /^\/(?:welcome|confirm|email-undo|password\/reset)\/([\w-]{43})$/],
  ['interaction', /^\/(?:interaction|auth)\/([\w-]{20,})/],
]

/** What a browser answers to a passkey's challenge. */
function keepPasskey(secrets: SeenSecrets, answer: string): void {
  const { clientDataJSON = '', signature } = JSON.parse(answer).response
  const { challenge } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString())
  secrets.keep('passkey challenge', challenge)
  secrets.keep('passkey signature', signature)
}

function keepRequest(secrets: SeenSecrets, issuer: string, request: Request): void {
  const { pathname, searchParams } = new URL(request.url())
  for (const [kind, path] of PATHS) secrets.keep(kind, path.exec(pathname)?.[1])
  const fields = new URLSearchParams([...searchParams, ...new URLSearchParams(request.postData() ?? '')])
  for (const [name, value] of fields) if (FIELDS[name]) secrets.keep(FIELDS[name], value)
  const answer = fields.get('response')
  if (answer?.startsWith('{')) keepPasskey(secrets, answer)
  // Whose it is says RFC 9207.
  const kindOfCode = fields.get('iss') === issuer ? 'authorization code' : 'code elsewhere'
  secrets.keep(fields.has('state') ? kindOfCode : 'typed code', fields.get('code')?.replace(/[\s-]/g, ''))
}

async function keepResponse(secrets: SeenSecrets, response: Response): Promise<void> {
  for (const { name, value } of await response.headersArray()) {
    if (name.toLowerCase() !== 'set-cookie') continue
    const [, cookie = '', content = ''] = /^([^=]+)=([^;]*)/.exec(value) ?? []
    secrets.keep(`cookie ${cookie}`, content)
  }
}

/**
 * Keeps what goes over the wire between this browser and anybody.
 * @returns waits until everything so far is kept
 */
export function keepTraffic(secrets: SeenSecrets, issuer: string, context: BrowserContext): () => Promise<unknown> {
  const underWay: Promise<void>[] = []
  context.on('request', (request) => keepRequest(secrets, issuer, request))
  // A browser that is closed meanwhile has nothing more to say.
  context.on('response', (response) => underWay.push(keepResponse(secrets, response).catch(() => {})))
  return () => Promise.all(underWay)
}

/** Keeps what a token endpoint was asked with, as the playground shows it. */
async function keepExchanges(secrets: SeenSecrets, page: Page): Promise<void> {
  const pairs = await page
    .locator('.exchanges dt')
    .evaluateAll((terms) => terms.map((term) => [term.textContent ?? '', term.nextElementSibling?.textContent ?? '']))
  for (const [name = '', value] of pairs) if (FIELDS[name]) secrets.keep(FIELDS[name], value)
}

/** Keeps what this page shows to whoever looks at it. */
export async function keepShown(secrets: SeenSecrets, page: Page): Promise<void> {
  await keepExchanges(secrets, page)
  const shown = await page
    .locator('[id^="raw-"], #key, #codes')
    .evaluateAll((elements) => elements.map(({ id, textContent }) => [id, textContent ?? ''] as const))
  for (const [id, text] of shown) {
    const [first = ''] = text.trim().split('.')
    if (id === 'raw-id-token') secrets.keep('ID token', text)
    if (id === 'raw-refresh-token') secrets.keep('refresh token', text)
    if (id === 'raw-access-token') secrets.keep(`${first === text ? 'opaque' : 'JWT'} access token`, text)
    if (id === 'key') secrets.keep('TOTP key', text, text.replaceAll(' ', ''))
    if (id !== 'codes') continue
    for (const code of text.trim().split(/\s+/)) secrets.keep('recovery code', code, code.replaceAll('-', ''))
  }
}

/** Keeps what the program was started with, where that is a secret. */
export function keepConfigured(secrets: SeenSecrets, config: Config): void {
  for (const { path, isSecret } of options) {
    // Where the database is, is none: there is no password in it.
    if (!isSecret || path === 'database.uri') continue
    const value = path
      .split('.')
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], config)
    for (const one of [value].flat()) if (typeof one === 'string') secrets.keep(`configured ${path}`, one)
  }
}

/** Keeps what was mailed and texted to anybody. */
export async function keepSent(secrets: SeenSecrets, world: World): Promise<void> {
  for (const { text } of await world.mails()) {
    for (const [link] of text.matchAll(/https?:\/\/\S+/g)) secrets.keep('mailed link', /[\w-]{40,}$/.exec(link)?.[0])
    secrets.keep('mailed code', /^\d{6,8}$/m.exec(text)?.[0])
  }
  for (const { text } of await world.texts()) secrets.keep('text-message code', /\b\d{6}\b/.exec(text)?.[0])
}
