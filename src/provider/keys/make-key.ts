import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

/** Bits of an RSA modulus (RFC 7518 section 3.3: 2048 or more). */
const MODULUS_LENGTH = 2048

/** A private key as a JWK, named by its thumbprint (RFC 7638), so that no two have one name. */
export type PrivateJwk = JWK & { readonly kid: string; readonly alg: string }

/** Makes a key that signs with this algorithm. */
export async function makeKey(alg: string): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: MODULUS_LENGTH })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }
}
