import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import { sealed } from '../../platform/reseal/index.ts'
import type { KeyRecord } from './schedule.ts'

/**
 * The signing keys of one algorithm. They stand in one document, so that promoting one and retiring the other is one
 * conditional update: there is one current key at every moment, whoever rotates and whoever crashes.
 */
export interface KeysetDocument {
  /** The algorithm (RFC 7518 section 3.1). */
  _id: string
  /** Counts the changes: who writes names the version that was read. */
  version: number
  keys: KeyRecord[]
  /** The private keys by their ids, sealed. */
  sealed: string
}

/** What the private keys are sealed with. */
export const keysetContext = ({ _id }: Pick<KeysetDocument, '_id'>) => `keyset:${_id}`

const schema = new Schema<KeysetDocument>(
  {
    _id: { type: String, required: true },
    version: { type: Number, required: true },
    keys: [
      new Schema<KeyRecord>(
        {
          kid: { type: String, required: true },
          state: { type: String, enum: ['next', 'current', 'previous'], required: true },
          createdAt: { type: Date, required: true },
          promoteAt: Date,
          promotedAt: Date,
          retiredAt: Date,
        },
        { _id: false },
      ),
    ],
    sealed: { type: String, required: true, ...sealed(keysetContext) },
  },
  { collection: 'keysets', versionKey: false, strict: 'throw' },
)

/**
 * The keysets on this connection, one an algorithm. Sharding key: `_id`.
 * Majority: what was signed with a key that is lost with a primary could be checked by nobody.
 */
export function keysetModel(connection: Connection): Model<KeysetDocument> {
  return connection.model<KeysetDocument>('Keyset', schema)
}
