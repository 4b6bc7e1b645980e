import { Browser, type Page } from '../test/support/browser.ts'
import { type API, PASSWORD, REDIRECT_URI, type Target } from './target.ts'

const VERIFIER = 'a-code-verifier-that-is-the-same-for-all-of-the-load'
const CHALLENGE = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(VERIFIER))).toString(
  'base64url',
)

const FORM = 'application/x-www-form-urlencoded'

/** Somebody who is signed in, and what their client holds. */
export interface Person {
  readonly cookie: string
  accessToken: string
  refreshToken: string
}

/** How the client proves itself. */
const basic = ({ clientId, clientSecret }: Target) => `Basic ${btoa(`${clientId}:${clientSecret}`)}`

/** The path of an authorization request. */
export const authorizationPath = ({ clientId }: Target): string =>
  `/auth?${new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile email',
    state: 'state',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  })}`

/** The body that redeems a code. */
export const redemption = (code: string): string =>
  new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: VERIFIER,
  }).toString()

/** The body that asks for a token of the client's own. */
export const clientCredentials = (resource?: typeof API): string =>
  new URLSearchParams({ grant_type: 'client_credentials', ...(resource ? { resource } : {}) }).toString()

/** The headers of a form that the client sends. */
export const formHeaders = (target: Target) => ({ 'content-type': FORM, authorization: basic(target) })

/** The code in this redirect. @throws Error when it leads elsewhere */
export function codeIn(location: string | undefined): string {
  const code = location?.startsWith(REDIRECT_URI) && new URL(location).searchParams.get('code')
  if (!code) throw new Error(`there is no code in ${location}`)
  return code
}

/** Asks for tokens. @throws Error with the answer when there are none */
export async function askForTokens(target: Target, body: string) {
  const answer = await fetch(`${target.issuer}/token`, { method: 'POST', headers: formHeaders(target), body })
  if (!answer.ok) throw new Error(`${target.name} gives no tokens: ${await answer.text()}`)
  return (await answer.json()) as { access_token: string; refresh_token: string }
}

/** Fills in the sign-in pages, where there are any. */
async function fillIn(browser: Browser, page: Page, email: string): Promise<Page> {
  if (!page.forms.some(({ fields }) => 'identifier' in fields)) return page
  const asked = await browser.press(page, 'continue', { identifier: email })
  return browser.press(asked, 'sign-in', { password: PASSWORD })
}

/** Signs somebody in by the pages, up to the code. @returns the code and the cookies of the session */
export async function signIn(target: Target, email: string): Promise<{ code: string; cookie: string }> {
  const browser = new Browser(target.issuer)
  const page = await fillIn(browser, await browser.open(authorizationPath(target)), email)
  const cookies = [...browser.cookies.values()].filter(({ path }) => path === '/')
  return {
    code: codeIn(page.location),
    cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
  }
}

/** Somebody signed in, with the tokens of their client. */
export async function createPerson(target: Target, email: string): Promise<Person> {
  const { code, cookie } = await signIn(target, email)
  const { access_token: accessToken, refresh_token: refreshToken } = await askForTokens(target, redemption(code))
  return { cookie, accessToken, refreshToken }
}
