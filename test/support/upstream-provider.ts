import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import process from 'node:process'
import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose'
import { interactionPolicy, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { Browser, type Page } from './browser.ts'

/** Who is signed in there. */
export interface UpstreamPerson {
  readonly sub: string
  readonly [claim: string]: unknown
}

/** What the provider does with the next sign-in. */
export type UpstreamManner =
  | 'good'
  | 'wrong nonce'
  | 'no nonce'
  | 'wrong issuer'
  | 'wrong audience'
  | 'audience of others'
  | 'wrong azp'
  | 'bad signature'
  | 'unknown key'
  | 'expired'
  | 'alg none'
  | 'alg HS256'
  | 'no ID token'
  | 'refuses the code'
  | 'access denied'
  | 'iss of another'
  | 'no iss'
  | 'silent'
  | 'broken'
  | 'huge'

/** Claims of the ID token that each manner changes. */
const CHANGES: Partial<Record<UpstreamManner, Record<string, unknown>>> = {
  'wrong nonce': { nonce: 'another' },
  'no nonce': { nonce: undefined },
  'wrong issuer': { iss: 'https://evil.example' },
  'wrong audience': { aud: 'another-client' },
  'audience of others': { aud: ['gatehouse', 'another-client'] },
  'wrong azp': { aud: ['gatehouse', 'another-client'], azp: 'another-client' },
  expired: { iat: Math.floor(Date.now() / 1000) - 7200, exp: Math.floor(Date.now() / 1000) - 3600 },
}

const CLIENT_ID = 'gatehouse'

function makeKey(kid: string): JWK {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...(privateKey.export({ format: 'jwk' }) as JWK), kid, alg: 'ES256', use: 'sig' }
}

/** An ID token with other claims, or one that nobody should take. */
async function tamper(idToken: string, manner: UpstreamManner, key: JWK, clientSecret: string): Promise<string> {
  const claims = { ...decodeJwt(idToken), ...CHANGES[manner] }
  const header = { ...decodeProtectedHeader(idToken), alg: 'ES256' }
  if (manner === 'alg none') return new UnsecuredJWT(claims).encode()
  if (manner === 'alg HS256')
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(clientSecret))
  const signer = manner === 'bad signature' || manner === 'unknown key' ? makeKey('another') : key
  const kid = manner === 'unknown key' ? 'another' : header.kid
  return new SignJWT(claims).setProtectedHeader({ ...header, kid }).sign(await importJWK(signer, 'ES256'))
}

/**
 * Another provider of OpenID Connect: a real one, on loopback, where somebody is signed in already. It can be told to
 * misbehave.
 */
export async function startUpstreamProvider() {
  const state = {
    manner: 'good' as UpstreamManner,
    person: {
      sub: 'ada-there',
      email: 'ada@elsewhere.example',
      email_verified: true,
      name: 'Ada There',
    } as UpstreamPerson,
    /** Claims that every ID token carries besides. */
    idTokenClaims: {} as Record<string, unknown>,
    /** What was asked of it, by path and query or body. */
    authorizations: [] as URLSearchParams[],
    tokenRequests: [] as Record<string, unknown>[],
    /** Every token that it issued. */
    issued: [] as string[],
    /** Whether names and addresses are in the ID token, or for userinfo only. */
    isInIdToken: true,
  }
  const clientSecret = randomBytes(24).toString('base64url')
  const key = makeKey('upstream')

  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`

  const policy = interactionPolicy.base()
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0)
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: clientSecret,
        redirect_uris: ['https://id.example/upstream/x/return'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [key as never] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], name: ['name'] },
    scopes: ['openid', 'email', 'profile', 'name'],
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { policy, url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: async (_ctx, sub) => ({
      accountId: sub,
      claims: async (use) => (use === 'id_token' && !state.isInIdToken ? { sub } : { ...state.person, sub }),
    }),
    loadExistingGrant: async ({ oidc }) => {
      const grant = new provider.Grant({
        accountId: oidc.session?.accountId ?? '',
        clientId: oidc.client?.clientId ?? '',
      })
      grant.addOIDCScope('openid email profile name')
      await grant.save()
      return grant
    },
  })
  // Wherever Gatehouse is in this test, it may come back to it.
  provider.Client.prototype.redirectUriAllowed = () => true
  provider.on('server_error', (_ctx, error) => process.emitWarning(error))

  provider.use(async (ctx, next) => {
    const { manner } = state
    if (ctx.path.startsWith('/interaction/')) {
      const { prompt } = await provider.interactionDetails(ctx.req, ctx.res)
      const login = { accountId: state.person.sub }
      const result = manner === 'access denied' ? { error: 'access_denied' } : { [prompt.name]: login }
      return provider.interactionFinished(ctx.req, ctx.res, result)
    }
    if (ctx.path === '/auth') state.authorizations.push(new URLSearchParams(ctx.querystring))
    const isEndpoint = ctx.path === '/token'
    if (isEndpoint && manner === 'silent') {
      ctx.respond = false
      return
    }
    if (isEndpoint && manner === 'broken') {
      ctx.status = 500
      ctx.body = 'something is broken'
      return
    }
    await next()
    const isAuthorized = ctx.path.startsWith('/auth') && ctx.response.get('location').includes('state=')
    if (isAuthorized && (manner === 'iss of another' || manner === 'no iss')) {
      const location = new URL(ctx.response.get('location'))
      location.searchParams.delete('iss')
      if (manner === 'iss of another') location.searchParams.set('iss', 'https://evil.example')
      ctx.set('location', location.href)
    }
    if (!isEndpoint) return
    const { oidc } = ctx as unknown as KoaContextWithOIDC
    state.tokenRequests.push({ ...oidc?.body })
    const body = ctx.body as { access_token?: string; id_token?: string; error?: string }
    state.issued.push(...[body.access_token, body.id_token].filter((token) => token !== undefined))
    if (manner === 'refuses the code') {
      ctx.status = 400
      ctx.body = { error: 'invalid_grant' }
    } else if (manner === 'huge') ctx.body = { ...body, more: 'x'.repeat(400_000) }
    else if (manner === 'no ID token') delete body.id_token
    else if (body.id_token) {
      const token = Object.keys(state.idTokenClaims).length > 0 ? await addClaims(body.id_token) : body.id_token
      ctx.body = { ...body, id_token: manner === 'good' ? token : await tamper(token, manner, key, clientSecret) }
    }
  })
  const addClaims = async (idToken: string) =>
    new SignJWT({ ...decodeJwt(idToken), ...state.idTokenClaims })
      .setProtectedHeader({ ...decodeProtectedHeader(idToken), alg: 'ES256' })
      .sign(await importJWK(key, 'ES256'))
  server.on('request', provider.callback())

  return Object.assign(state, {
    issuer,
    clientId: CLIENT_ID,
    clientSecret,
    /** Goes there as a browser does that has never been there, and stops where it is sent back. */
    async visit(address: string): Promise<Page> {
      return new Browser(issuer).open(address)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

/** Another provider, running. */
export type RunningUpstream = Awaited<ReturnType<typeof startUpstreamProvider>>

/** What makes Gatehouse take this provider for Google. */
export const asGoogle = ({ issuer, clientId, clientSecret }: RunningUpstream) => ({
  GATEHOUSE_UPSTREAM_GOOGLE_ISSUER: issuer,
  GATEHOUSE_UPSTREAM_GOOGLE_CLIENT_ID: clientId,
  GATEHOUSE_UPSTREAM_GOOGLE_CLIENT_SECRET: clientSecret,
})

/** Switches on a provider that cannot be reached: nobody listens there. */
export const unreachableMicrosoft = {
  GATEHOUSE_UPSTREAM_MICROSOFT_URL: 'http://127.0.0.1:9',
  GATEHOUSE_UPSTREAM_MICROSOFT_CLIENT_ID: 'gatehouse',
  GATEHOUSE_UPSTREAM_MICROSOFT_CLIENT_SECRET: 'a secret of nobody',
}

/** Presses the button of this provider, goes there, and comes back. */
export async function goThrough(
  browser: Browser,
  page: Page,
  upstream: RunningUpstream,
  choice = 'google',
): Promise<Page> {
  return browser.open(await leaveAndReturn(browser, page, upstream, choice))
}

/** Presses the button of this provider and goes there. @returns the address that leads back */
export async function leaveAndReturn(
  browser: Browser,
  page: Page,
  upstream: RunningUpstream,
  choice = 'google',
): Promise<string> {
  const form = page.forms.find(({ fields }) => fields.choice === choice)
  if (!form)
    throw new Error(`"${page.heading}" (${page.status}) has no button for ${choice}: ${page.text.slice(0, 400)}`)
  const [action = ''] = form.actions
  const left = await browser.post(new URL(form.action, page.url).href, { ...form.fields, action })
  if (!left.location?.startsWith(upstream.issuer)) throw new Error(`it leads to ${left.status} ${left.location}`)
  const back = await upstream.visit(left.location)
  if (!back.location) throw new Error(`nobody is sent back: ${back.status} ${back.text.slice(0, 300)}`)
  return back.location
}
