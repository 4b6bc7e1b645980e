import type { Model } from 'mongoose'
import type { Sealer } from '../platform/seal.ts'
import { openContent, type ProofDocument, type ProofKey, proofId } from './proof.model.ts'

/** A proof that was started and not used yet. */
export interface WaitingProof {
  readonly email: string
  readonly isProved: boolean
  readonly triesLeft: number
}

/** Proofs while they wait. */
export interface Waiting {
  readonly find: (key: ProofKey) => Promise<WaitingProof | undefined>
  /** Uses a proof that was given, once. @returns false when there is none */
  readonly take: (key: ProofKey) => Promise<boolean>
  /** It was used, or is wanted no more. */
  readonly cancel: (key: ProofKey) => Promise<void>
}

/** Proofs while they wait, on this model. */
export function createWaiting({ model, sealer }: { model: Model<ProofDocument>; sealer: Sealer }): Waiting {
  const live = (key: ProofKey) => ({ _id: proofId(key), expiresAt: { $gt: new Date() } })
  return {
    async find(key) {
      const document = await model.findOne(live(key)).lean<ProofDocument>()
      if (!document) return undefined
      const { email } = openContent(sealer, document)
      return { email, isProved: document.provedAt !== undefined, triesLeft: document.triesLeft }
    },
    async take(key) {
      const { deletedCount } = await model.deleteOne({ ...live(key), provedAt: { $exists: true } })
      return deletedCount === 1
    },
    async cancel(key) {
      await model.deleteOne({ _id: proofId(key) })
    },
  }
}
