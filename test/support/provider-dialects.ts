import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { importJWK, type JWK, SignJWT } from 'jose'
import { serveOnLoopback } from './loopback.ts'

type Claims = Readonly<Record<string, unknown>>
type Answer = (request: IncomingMessage, response: ServerResponse, fields: URLSearchParams) => unknown

const json = (response: ServerResponse, body: unknown, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

/**
 * One server that speaks as Microsoft (`/common/v2.0`), Apple (`/`) and GitHub (`/login/oauth`, `/api`) do, where it
 * matters to whoever signs people in with them.
 */
export async function startDialects() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key: JWK = { ...(privateKey.export({ format: 'jwk' }) as JWK), kid: 'dialects', alg: 'RS256', use: 'sig' }
  const state = {
    /** The claims of the next ID token, besides what the protocol says. */
    claims: { sub: 'ada-there' } as Claims,
    /** The issuer that Microsoft's document tells. */
    pattern: '/{tenantid}/v2.0',
    /** What Apple's form says of the person; the first time only. */
    user: undefined as string | undefined,
    person: { id: 4711, login: 'ada', name: 'Ada There' } as Claims,
    emails: [{ email: 'ada@elsewhere.example', primary: true, verified: true }] as unknown,
    /** What GitHub answers instead of a token. */
    tokenError: undefined as string | undefined,
    tokenRequests: [] as URLSearchParams[],
    apiRequests: [] as IncomingMessage['headers'][],
  }
  const codes = new Map<string, URLSearchParams>()
  let origin = ''

  const metadata = (issuer: string) => ({
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${origin}/keys`,
    response_types_supported: ['code'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  })

  const authorize: Answer = (_request, response, fields) => {
    const code = randomBytes(16).toString('base64url')
    codes.set(code, fields)
    const answer = new URLSearchParams({ code, state: fields.get('state') ?? '' })
    if (fields.get('response_mode') !== 'form_post')
      return response.writeHead(302, { location: `${fields.get('redirect_uri')}?${answer}` }).end()
    if (state.user) answer.set('user', state.user)
    const inputs = [...answer].map(
      ([name, value]) => `<input name="${name}" value="${value.replaceAll('"', '&quot;')}">`,
    )
    const page = `<h1>Apple</h1><form method="post" action="${fields.get('redirect_uri')}">${inputs.join('')}</form>`
    response.writeHead(200, { 'content-type': 'text/html' }).end(page)
  }

  /** The request that this code was made for, once, for whoever knows its PKCE verifier. */
  const redeem = (fields: URLSearchParams): URLSearchParams | undefined => {
    state.tokenRequests.push(fields)
    const asked = codes.get(fields.get('code') ?? '')
    codes.delete(fields.get('code') ?? '')
    return asked?.get('code_challenge') === challengeOf(fields.get('code_verifier') ?? '') ? asked : undefined
  }

  const token: Answer = async (_request, response, fields) => {
    const asked = redeem(fields)
    if (!asked) return json(response, { error: 'invalid_grant' }, 400)
    const idToken = await new SignJWT({ iss: origin, nonce: asked.get('nonce'), ...state.claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'dialects' })
      .setAudience(asked.get('client_id') ?? '')
      .setIssuedAt()
      .setExpirationTime('5 minutes')
      .sign(await importJWK(key, 'RS256'))
    json(response, { access_token: 'an-access-token', token_type: 'Bearer', id_token: idToken })
  }

  const ask = (body: () => unknown): Answer => {
    return (request, response) => {
      state.apiRequests.push(request.headers)
      const isKnown = request.headers.authorization === 'Bearer a-github-token'
      json(response, isKnown ? body() : { message: 'Bad credentials' }, isKnown ? 200 : 401)
    }
  }

  const answers: Readonly<Record<string, Answer>> = {
    '/common/v2.0/.well-known/openid-configuration': (_request, response) =>
      json(response, metadata(`${origin}${state.pattern}`)),
    '/.well-known/openid-configuration': (_request, response) => json(response, metadata(origin)),
    '/keys': (_request, response) =>
      json(response, {
        keys: [{ ...key, d: undefined, p: undefined, q: undefined, dp: undefined, dq: undefined, qi: undefined }],
      }),
    '/authorize': authorize,
    '/token': token,
    '/login/oauth/authorize': authorize,
    '/login/oauth/access_token': (_request, response, fields) => {
      const isGood = redeem(fields) !== undefined && !state.tokenError
      const error = { error: state.tokenError ?? 'bad_verification_code', error_description: 'The code is not right.' }
      json(response, isGood ? { access_token: 'a-github-token', token_type: 'bearer', scope: 'read:user' } : error)
    },
    '/api/user': ask(() => state.person),
    '/api/user/emails': ask(() => state.emails),
  }

  const served = await serveOnLoopback(async (request, response) => {
    const url = new URL(request.url ?? '/', origin)
    const fields = request.method === 'POST' ? new URLSearchParams(await read(request)) : url.searchParams
    const answer = answers[url.pathname]
    if (answer) await answer(request, response, fields)
    else json(response, { message: 'Not Found' }, 404)
  })
  origin = served.origin
  return Object.assign(state, { issuer: origin, close: served.close })
}

/** The server, running. */
export type Dialects = Awaited<ReturnType<typeof startDialects>>
