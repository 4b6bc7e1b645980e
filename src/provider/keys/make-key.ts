import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

/** Bits of an RSA modulus (RFC 7518 section 3.3: 2048 or more). */
const MODULUS_LENGTH = 2048

/** A private key as a JWK, named by its thumbprint (RFC 7638), so that no two have one name. */
export type PrivateJwk = JWK & { readonly kid: string; readonly alg: string }

/** Makes a key that signs with this algorithm. No name begins with a `-`: a command would take it for an option. */
export async function makeKey(alg: string): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: MODULUS_LENGTH })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  return kid.startsWith('-') ? makeKey(alg) : { ...jwk, kid, alg, use: 'sig' }
}
