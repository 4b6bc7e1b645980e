import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'

/** That a start has brought something along, so that none brings it again when an operator has deleted it. */
export interface PlantedDocument {
  /** What it is, in words: `api <identifier>`, `role <name>`, `grant <role> <api>`. */
  _id: string
  at: Date
}

const schema = new Schema<PlantedDocument>(
  { _id: { type: String, required: true }, at: { type: Date, required: true } },
  { collection: 'planted', versionKey: false, strict: 'throw' },
)

/**
 * What was planted, on this connection. A handful of documents: not sharded.
 * Majority, along with what it tells of: what was deleted must not come back with a lost primary.
 */
export function plantedModel(connection: Connection): Model<PlantedDocument> {
  return connection.model<PlantedDocument>('Planted', schema)
}
