import type { Connection } from 'mongoose'
import { Schema } from 'mongoose'
import { hashSecret, newSecret } from '../../platform/ids.ts'
import { sealed } from '../../platform/reseal/index.ts'
import type { Sealer } from '../../platform/seal.ts'

/** One request and its answer, as they went over the wire. */
export interface Exchange {
  readonly label: string
  readonly method: string
  readonly url: string
  readonly parameters: readonly { readonly name: string; readonly value: string }[]
  readonly status?: number | undefined
  readonly answer?: string | undefined
}

/** What the relying party knows after a run. */
export interface Tokens {
  readonly accessToken: string
  readonly idToken?: string | undefined
  readonly refreshToken?: string | undefined
  readonly expiresIn?: number | undefined
  readonly scope?: string | undefined
}

/** One run of the playground: what was asked for, what went over the wire, and what came of it. */
export interface Run {
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly resource?: string | undefined
  readonly codeVerifier: string
  readonly state: string
  readonly nonce: string
  readonly maxAge?: number | undefined
  readonly exchanges: readonly Exchange[]
  readonly tokens?: Tokens | undefined
  readonly error?: { readonly error: string; readonly description?: string | undefined } | undefined
}

/** Runs, each under a random id that only its browser knows. */
export interface Runs {
  create(run: Run): Promise<string>
  find(id: string): Promise<Run | undefined>
  save(id: string, run: Run): Promise<void>
}

interface RunDocument {
  _id: string
  sealed: string
  expiresAt: Date
}

const LIFETIME_MS = 60 * 60 * 1000
const contextOf = ({ _id }: Pick<RunDocument, '_id'>) => `playground:${_id}`
const schema = new Schema<RunDocument>(
  {
    _id: { type: String, required: true },
    sealed: { type: String, required: true, ...sealed(contextOf) },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'playground_runs', versionKey: false },
)
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 })

/**
 * Runs on this connection. They hold tokens, so they are sealed. Not for production, so not sharded.
 * Majority, along with all the rest: a run that is lost with a primary would only be begun anew.
 */
export function createRuns(connection: Connection, sealer: Sealer): Runs {
  const model = connection.model<RunDocument>('PlaygroundRun', schema)
  const save = async (id: string, run: Run) => {
    const _id = hashSecret(id)
    const change = {
      sealed: sealer.seal(JSON.stringify(run), contextOf({ _id })),
      expiresAt: new Date(Date.now() + LIFETIME_MS),
    }
    await model.updateOne({ _id }, { $set: change }, { upsert: true })
  }
  return {
    save,
    async create(run) {
      const id = newSecret()
      await save(id, run)
      return id
    },
    async find(id) {
      const document = await model.findOne({ _id: hashSecret(id), expiresAt: { $gt: new Date() } }).lean<RunDocument>()
      return document ? JSON.parse(sealer.open(document.sealed, contextOf(document))) : undefined
    },
  }
}
