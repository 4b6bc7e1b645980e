import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import type { Api } from './permissions.ts'

/** A registered API. */
export interface ApiDocument {
  _id: string
  name: string
  permissions: { name: string; title: string }[]
  accessTokenSeconds?: number
  minimumAcr?: string
  resourceServers: string[]
  isRestricted: boolean
  createdAt: Date
  updatedAt: Date
}

const schema = new Schema<ApiDocument>(
  {
    _id: { type: String, required: true },
    name: { type: String, required: true },
    permissions: [{ _id: false, name: String, title: String }],
    accessTokenSeconds: Number,
    minimumAcr: String,
    resourceServers: [String],
    isRestricted: { type: Boolean, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'apis', versionKey: false, strict: 'throw' },
)

/**
 * The APIs on this connection. A handful of documents: not sharded.
 * Majority: a permission that was taken from an API must not come back with a lost primary.
 */
export function apiModel(connection: Connection): Model<ApiDocument> {
  return connection.model<ApiDocument>('Api', schema)
}

/** The APIs whose tokens were to last longer than this. */
export const longerThan = (seconds: number) => ({ accessTokenSeconds: { $gt: seconds } })

/** A stored API as the rest of the program sees it. Its tokens last no longer than this, whatever was stored earlier. */
export function toApi(document: ApiDocument, maxTokenSeconds: number): Api {
  const { _id, name, permissions, minimumAcr, resourceServers, isRestricted } = document
  const asked = document.accessTokenSeconds
  const accessTokenSeconds = asked === undefined ? undefined : Math.min(asked, maxTokenSeconds)
  return { identifier: _id, name, permissions, accessTokenSeconds, minimumAcr, resourceServers, isRestricted }
}
