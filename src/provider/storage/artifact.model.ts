import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import { sealed } from '../../platform/reseal/index.ts'

/**
 * One record of the protocol library, of whichever kind. The id is the hash of the bearer secret, and the payload is
 * sealed whole: a copy of the database holds no token, code or cookie. What is looked up or decided on stands beside
 * it, so that expiry and single use are matters of one conditional update.
 */
export interface ArtifactDocument {
  _id: string
  kind: string
  payload: string
  expiresAt?: Date
  consumedAt?: Date
  /** What the winner of all claims to use it left behind, and where that came from. */
  claim?: string
  consumedFrom?: string
  /** Of a refresh token that was used: the hash of its successor. */
  successorHash?: string
  grantId?: string
  accountId?: string
  clientId?: string
  uidHash?: string
  userCodeHash?: string
}

/** What the payload of a record is sealed with: it cannot be moved to another one. */
export const payloadContext = ({ kind, _id }: Pick<ArtifactDocument, '_id' | 'kind'>) => `artifact:${kind}:${_id}`

const schema = new Schema<ArtifactDocument>(
  {
    _id: { type: String, required: true },
    kind: { type: String, required: true },
    payload: { type: String, required: true, ...sealed(payloadContext) },
    expiresAt: Date,
    consumedAt: Date,
    claim: String,
    consumedFrom: String,
    successorHash: String,
    grantId: String,
    accountId: String,
    clientId: String,
    uidHash: String,
    userCodeHash: String,
  },
  { collection: 'artifacts', versionKey: false, strict: 'throw' },
)
const present = (field: string) => ({ partialFilterExpression: { [field]: { $exists: true } } })
// The sweep only tidies up: expiry is checked on every read. Sessions are left to a job, which tells who has to know.
const isNoSession = { $or: [{ kind: { $lt: 'Session' } }, { kind: { $gt: 'Session' } }] }
schema.index({ expiresAt: 1 }, { name: 'sweep', expireAfterSeconds: 60, partialFilterExpression: isNoSession })
schema.index({ kind: 1, expiresAt: 1 }, { partialFilterExpression: { kind: 'Session' } })
schema.index({ grantId: 1 }, present('grantId'))
schema.index({ accountId: 1 }, present('accountId'))
schema.index({ clientId: 1 }, present('clientId'))
// Not unique: across shards only the sharding key can be. While a session changes its id, two of one uid may be there.
schema.index({ uidHash: 1 }, present('uidHash'))
schema.index({ userCodeHash: 1 }, present('userCodeHash'))

/**
 * The library's records on this connection. Sharding key: `_id`, which is a hash already.
 * Majority, all of them: a use of a code or token that is forgotten with a lost primary would let it be used twice, and
 * a revoked one would come back to life. A lost session or interaction would only be a nuisance, but travels along.
 */
export function artifactModel(connection: Connection): Model<ArtifactDocument> {
  return connection.model<ArtifactDocument>('Artifact', schema)
}
