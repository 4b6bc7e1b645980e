import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose'

/** What a test changes of a proof. `undefined` leaves a claim out. */
export interface ProofChanges {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
}

/** A key of a client, and DPoP proofs signed with it (RFC 9449 section 4.2): good ones, unless a test says otherwise. */
export async function createProver() {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  return {
    jkt: await calculateJwkThumbprint(jwk),
    /** The key with its private half, which belongs into no proof. */
    privateJwk: await exportJWK(privateKey),
    /** @param request method and address @param token the access token that it goes with */
    prove(request: string, { claims = {}, header = {}, token }: ProofChanges & { token?: string } = {}) {
      const [htm, htu] = request.split(' ')
      const ath = token === undefined ? {} : { ath: createHash('sha256').update(token).digest('base64url') }
      const payload = { htm, htu, jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...ath, ...claims }
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header } as JWTHeaderParameters)
        .sign(privateKey)
    },
  }
}
