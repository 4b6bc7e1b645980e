import type { TestContext } from 'node:test'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose'
import { serveOnLoopback } from './loopback.ts'

/** A key pair of a client. */
export interface ClientKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

/** Makes a key pair that signs ES256. */
export async function makeClientKey(kid: string): Promise<ClientKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } }
}

/** The server of a client that publishes its keys, counts who asks, and can be changed or broken at any time. */
export async function startJwksServer(t: TestContext, keys: readonly JWK[]) {
  const state = { keys, status: 200, body: undefined as string | undefined, asked: 0 }
  const { origin, close } = await serveOnLoopback((_request, response) => {
    state.asked += 1
    response
      .writeHead(state.status, { 'content-type': 'application/json', 'cache-control': 'max-age=31536000' })
      .end(state.body ?? JSON.stringify({ keys: state.keys }))
  })
  t.after(close)
  return Object.assign(state, { uri: `${origin}/jwks` })
}
