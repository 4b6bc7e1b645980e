import { randomInt } from 'node:crypto'
import type { Model } from 'mongoose'
import { hashSecret, newSecret } from '../platform/ids.ts'
import type { Sealer } from '../platform/seal.ts'
import { type ProofDocument, type ProofKey, proofId, sealContent } from './proof.model.ts'

/** A proof to be started. */
export interface ProofStart extends ProofKey {
  readonly email: string
  /** Tells the browser that asks from all others. */
  readonly browser: string
  /** Where the link leads on to, a path of ours. */
  readonly returnPath: string
  /** Looks and lasts as any other, and cannot be given. For addresses whose owner is told something else. */
  readonly isDecoy?: boolean
  /** How often the code may be typed; 5 times unless it says otherwise. */
  readonly tries?: number
}

/** What is mailed. Shown to nobody else, and stored hashed or sealed. */
export interface StartedProof {
  readonly token: string
  readonly code: string
  readonly expiresAt: Date
}

/** Starts a proof; what the same owner started before is worth nothing from then on. */
export type StartProof = (start: ProofStart) => Promise<StartedProof>

const SECONDS = 15 * 60
const CODE_TRIES = 5
const CODES = 1_000_000

/** Starting proofs, on this model. */
export function createStart({ model, sealer }: { model: Model<ProofDocument>; sealer: Sealer }): StartProof {
  return async ({ purpose, owner, email, browser, returnPath, isDecoy = false, tries = CODE_TRIES }) => {
    const token = newSecret()
    const code = String(randomInt(CODES)).padStart(6, '0')
    const expiresAt = new Date(Date.now() + SECONDS * 1000)
    const _id = proofId({ purpose, owner })
    const linkHash = hashSecret(token)
    const sealed = sealContent(sealer, { _id, linkHash }, { email, code, isDecoy, returnPath })
    const document = { purpose, linkHash, browserHash: hashSecret(browser), sealed, triesLeft: tries, expiresAt }
    await model.replaceOne({ _id }, document, { upsert: true })
    return { token, code, expiresAt }
  }
}
