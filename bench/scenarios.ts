import type { Request } from 'autocannon'
import {
  askForTokens,
  authorizationPath,
  clientCredentials,
  codeIn,
  formHeaders,
  type Person,
  redemption,
} from './person.ts'
import { API, type Target } from './target.ts'

/** Something that is done over and over. */
export interface Scenario {
  readonly name: string
  /** The share of the bare provider's rate that is aimed at. */
  readonly aim?: number
  /** Whether its cost could grow with what is stored. */
  readonly isStored?: boolean
  /** What one round of it sends, by one of the people. */
  readonly requests: (target: Target, person: Person) => Request[]
  /** What has to be done for one of the people before a round. */
  readonly prepare?: (target: Target, person: Person) => Promise<void>
}

const post = (path: string, body: string, headers: Record<string, string>): Request => ({
  method: 'POST',
  path,
  body,
  headers,
})
const get = (path: string, headers: Record<string, string> = {}): Request => ({ method: 'GET', path, headers })

/** A header of an answer, however it is spelled. */
function headerOf(headers: object | undefined, name: string): string | undefined {
  const found = Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name)
  return found && String(found[1])
}

/** A new chain of refresh tokens: the last round may have left its own in the middle of a step. */
async function renew(target: Target, person: Person): Promise<void> {
  const answer = await fetch(`${target.issuer}${authorizationPath(target)}`, {
    redirect: 'manual',
    headers: { cookie: person.cookie },
  })
  const tokens = await askForTokens(target, redemption(codeIn(answer.headers.get('location') ?? undefined)))
  person.accessToken = tokens.access_token
  person.refreshToken = tokens.refresh_token
}

const refresh = (target: Target, person: Person): Request => ({
  ...post('/token', '', formHeaders(target)),
  setupRequest: (request) => ({
    ...request,
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: person.refreshToken }).toString(),
  }),
  onResponse: (status, body) => {
    if (status === 200) person.refreshToken = (JSON.parse(body) as { refresh_token: string }).refresh_token
  },
})

/** A whole code flow of somebody with a live session: a code, and tokens for it. */
function codeFlow(target: Target, person: Person): Request[] {
  let code = ''
  return [
    {
      ...get(authorizationPath(target), { cookie: person.cookie }),
      onResponse: (_status, _body, _context, headers) => {
        code = codeIn(headerOf(headers, 'location'))
      },
    },
    {
      ...post('/token', '', formHeaders(target)),
      setupRequest: (request) => ({ ...request, body: redemption(code) }),
    },
  ]
}

/** Everything that is measured. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'client credentials, opaque',
    aim: 0.65,
    isStored: true,
    requests: (target) => [post('/token', clientCredentials(), formHeaders(target))],
  },
  {
    name: 'client credentials, JWT',
    aim: 0.95,
    requests: (target) => [post('/token', clientCredentials(API), formHeaders(target))],
  },
  {
    name: 'introspection',
    aim: 0.65,
    isStored: true,
    requests: (target, { accessToken }) => [
      post('/token/introspection', new URLSearchParams({ token: accessToken }).toString(), formHeaders(target)),
    ],
  },
  {
    name: 'userinfo',
    aim: 0.65,
    isStored: true,
    requests: (_target, { accessToken }) => [get('/me', { authorization: `Bearer ${accessToken}` })],
  },
  {
    name: 'refresh',
    aim: 0.65,
    isStored: true,
    requests: (target, person) => [refresh(target, person)],
    prepare: renew,
  },
  { name: 'code flow', aim: 0.6, isStored: true, requests: codeFlow },
  { name: 'discovery', requests: () => [get('/.well-known/openid-configuration')] },
  { name: 'JWKS', requests: () => [get('/jwks')] },
]
