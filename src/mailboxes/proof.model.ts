import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import { hashSecret } from '../platform/ids.ts'
import { sealed } from '../platform/reseal/index.ts'
import type { Sealer } from '../platform/seal.ts'

/** What a proof is for, and who waits for it: an interaction, an account. Each has one proof at a time. */
export interface ProofKey {
  readonly purpose: 'register' | 'change-email' | 'verify-email' | 'sign-in'
  readonly owner: string
}

/** What is sealed in a proof. */
export interface ProofContent {
  readonly email: string
  /** Six digits: too few to be kept as a hash. */
  readonly code: string
  /** Nothing proves this one: nobody was sent its link or code. */
  readonly isDecoy: boolean
  /** Where the link leads on to. */
  readonly returnPath: string
}

/** A proof that waits to be given, or to be used. Its id is the hash of its key, so that a newer one replaces it. */
export interface ProofDocument {
  _id: string
  purpose: ProofKey['purpose']
  linkHash: string
  /** The browser that asked: only there does the link count. */
  browserHash: string
  sealed: string
  triesLeft: number
  provedAt?: Date
  expiresAt: Date
}

/** For what a proof is sealed: what was sealed for one attempt at it opens in no other. */
const contextOf = ({ _id, linkHash }: Pick<ProofDocument, '_id' | 'linkHash'>) => `mailbox-proof:${_id}:${linkHash}`

const schema = new Schema<ProofDocument>(
  {
    _id: { type: String, required: true },
    purpose: { type: String, required: true },
    linkHash: { type: String, required: true },
    browserHash: { type: String, required: true },
    sealed: { type: String, required: true, ...sealed(contextOf) },
    triesLeft: { type: Number, required: true },
    provedAt: Date,
    expiresAt: { type: Date, required: true },
  },
  { collection: 'mailbox_proofs', versionKey: false, strict: 'throw' },
)
// Not unique: across shards only the sharding key can be. It is of 256 random bits, so that no two are the same.
schema.index({ linkHash: 1 })
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })

/**
 * The proofs on this connection. Sharding key: `_id`, which is a hash already; a link is looked up on all shards.
 * Majority: a try that is forgotten with a lost primary would be one more guess at a code, and a proof that was used would
 * be good again.
 */
export function proofModel(connection: Connection): Model<ProofDocument> {
  return connection.model<ProofDocument>('MailboxProof', schema)
}

/** The id of the proof of this key. */
export const proofId = ({ purpose, owner }: ProofKey) => hashSecret(`${purpose}:${owner}`)

/** Seals what a proof holds. */
export function sealContent(
  sealer: Sealer,
  of: Pick<ProofDocument, '_id' | 'linkHash'>,
  content: ProofContent,
): string {
  return sealer.seal(JSON.stringify(content), contextOf(of))
}

/** What a stored proof holds. @throws SealError */
export function openContent(sealer: Sealer, document: ProofDocument): ProofContent {
  return JSON.parse(sealer.open(document.sealed, contextOf(document)))
}
