import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import type { TestContext } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { serveOnLoopback } from './loopback.ts'
import type { RelyingParty } from './relying-party.ts'

/** A logout request as a relying party got it. */
export interface ReceivedLogout {
  readonly method: string | undefined
  readonly contentType: string | undefined
  readonly fields: Readonly<Record<string, string>>
}

async function read(request: IncomingMessage): Promise<ReceivedLogout> {
  let body = ''
  for await (const part of request) body += part
  const fields = Object.fromEntries(new URLSearchParams(body))
  return { method: request.method, contentType: request.headers['content-type'], fields }
}

/** How it answers: with this status, or never, so that everybody waits. */
export type LogoutAnswer = number | 'never'

/** The server of a relying party that is told when sessions end. How it answers can be changed later. */
export async function startLogoutReceiver(t: TestContext, answer: LogoutAnswer = 200) {
  const received: ReceivedLogout[] = []
  const manners = { answer }
  const { origin, close } = await serveOnLoopback(async (request, response) => {
    received.push(await read(request))
    if (manners.answer === 'never') return
    response.writeHead(manners.answer, { location: '/elsewhere' }).end()
  })
  t.after(close)
  return { uri: `${origin}/logout`, received, manners }
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** What a relying party does with a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6). */
export async function verifyLogout({ method, contentType, fields }: ReceivedLogout, { world, clientId }: RelyingParty) {
  assert.equal(method, 'POST')
  assert.equal(contentType, 'application/x-www-form-urlencoded')
  assert.deepEqual(Object.keys(fields), ['logout_token'])
  const keys = createRemoteJWKSet(new URL(`${world.issuer}/jwks`))
  const { payload } = await jwtVerify(fields.logout_token ?? '', keys, {
    issuer: world.issuer,
    audience: clientId,
    typ: 'logout+jwt',
    algorithms: ['RS256'],
    requiredClaims: ['iat', 'exp', 'jti'],
  })
  assert.deepEqual(payload.events, { [EVENT]: {} })
  assert.equal('nonce' in payload, false)
  assert.equal(payload.aud, clientId)
  assert.ok((payload.exp ?? 0) - (payload.iat ?? 0) <= 120)
  return payload
}
