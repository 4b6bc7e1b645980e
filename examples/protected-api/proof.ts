import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, type JWTPayload, jwtVerify } from 'jose'

/** A request, as far as a proof is about it. */
export interface Presented {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
  /** The DPoP header. */
  readonly proof: string
  readonly method: string
  readonly path: string
}

/** Whether a token came from who it was made out to. @returns what speaks against it, as a sentence */
export type CheckBinding = (presented: Presented, claims: JWTPayload) => Promise<string | undefined>

/** What proofs may be signed with: asymmetric, always. */
export const PROOF_ALGORITHMS = ['ES256', 'Ed25519']
/** How old a proof may be, and how far clocks may differ. Each one is remembered for as long, and good once. */
const WINDOW_SECONDS = 60
/** More proofs within that time are refused: memory has an end. */
const MAX_REMEMBERED = 100_000

/** Remembers what was seen, and tells whether it is new. */
function createMemory() {
  const seen = new Map<string, number>()
  return (id: string, now: number) => {
    for (const [old, until] of seen) {
      if (until > now) break
      seen.delete(old)
    }
    if (seen.has(id) || seen.size >= MAX_REMEMBERED) return false
    seen.set(id, now + 2 * WINDOW_SECONDS)
    return true
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')

/** The key in the proof, if it has signed the proof and no other way of signing was used. */
async function open(proof: string): Promise<{ payload: JWTPayload; jwk: JWK } | undefined> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: PROOF_ALGORITHMS,
      requiredClaims: ['jti', 'iat', 'htm', 'htu', 'ath'],
    })
    return protectedHeader.jwk && { payload, jwk: protectedHeader.jwk }
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}

/**
 * Checks that who brings a token has the key that it is bound to (RFC 9449 section 4.3 and 7): a token with a key in it
 * is worth nothing without a fresh proof for this very request. One that has none comes as Bearer, as ever.
 * @param address where clients reach this API. What the Host header says is not asked: that is the caller's own word
 */
export function createCheckBinding(address: string): CheckBinding {
  const isNew = createMemory()
  return async ({ scheme, token, proof, method, path }, { cnf }) => {
    const key = (cnf as { jkt?: unknown } | undefined)?.jkt
    if (key === undefined) return scheme === 'Bearer' ? undefined : 'the token is not bound to a key'
    if (scheme !== 'DPoP') return 'the token is bound to a key'
    const opened = await open(proof)
    if (!opened) return 'there is no good proof'
    const { jti, iat = 0, htm, htu, ath } = opened.payload
    const now = Math.floor(Date.now() / 1000)
    if (ath !== sha256(token) || (await calculateJwkThumbprint(opened.jwk)) !== key)
      return 'the proof is not for this token'
    const asked = URL.parse(String(htu))
    if (htm !== method || asked?.origin !== address || asked.pathname !== path)
      return 'the proof is not for this request'
    if (Math.abs(now - iat) > WINDOW_SECONDS) return 'the proof is not of now'
    return isNew(sha256(`${key} ${jti}`), now) ? undefined : 'the proof was used before'
  }
}
