import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Connection } from 'mongoose'
import type { Audit } from '../../audit/index.ts'
import type { Sealer } from '../../platform/seal.ts'
import { type SigningKeyDocument, signingKeyModel } from './model.ts'

/** RS256 for ID tokens (OpenID Connect Core section 15.1), ES256 for access tokens. */
export const SIGNING_ALGS = ['RS256', 'ES256'] as const

interface Dependencies {
  readonly connection: Connection
  readonly sealer: Sealer
  readonly audit: Audit
}

const DUPLICATE_KEY = 11000
const contextOf = (kid: string) => `signing_key:${kid}`

/** The private signing keys, made on the first start. */
export async function loadKeyset({ connection, sealer, audit }: Dependencies): Promise<JWK[]> {
  const model = signingKeyModel(connection)
  for (const alg of SIGNING_ALGS) {
    if (await model.exists({ alg, state: 'current' })) continue
    const jwk = await makeKey(alg)
    const kept = await keep({ ...jwk })
    if (kept) await audit.record('signing_key.created', { actor: { type: 'system' } }, { kid: jwk.kid, alg })
  }
  const documents = await model.find({ state: 'current' }).sort({ createdAt: -1 }).lean<SigningKeyDocument[]>()
  return documents.map(({ _id, sealedPrivateJwk }) => JSON.parse(sealer.open(sealedPrivateJwk, contextOf(_id))))

  async function keep(jwk: JWK & { kid: string; alg: string }) {
    try {
      await model.create({
        _id: jwk.kid,
        alg: jwk.alg,
        state: 'current',
        sealedPrivateJwk: sealer.seal(JSON.stringify(jwk), contextOf(jwk.kid)),
        createdAt: new Date(),
      })
      return true
    } catch (error) {
      if ((error as { code?: unknown }).code === DUPLICATE_KEY) return false
      throw error
    }
  }
}

async function makeKey(alg: string) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }
}
