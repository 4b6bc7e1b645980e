import type { Connection, Model } from 'mongoose'
import { Schema } from 'mongoose'
import { sealed } from '../platform/reseal/index.ts'
import type { Evidence } from './method.ts'

/** A challenge that waits for its answer. */
export interface PendingChallenge {
  method: string
  /** Names this challenge, so that it can be taken once by one conditional update. */
  nonce: string
  /** The method's own state and what it shows, sealed. */
  sealed: string
  /** Proofs that may be tried on it, and those that still may. */
  tries: number
  triesLeft: number
  expiresAt: Date
}

/** What the next page says about the last try. */
export interface Notice {
  reason:
    | 'identifier_invalid'
    | 'failed'
    | 'limited'
    | 'used_up'
    | 'started_over'
    | 'session_ended'
    // Nothing more is sent for now: what was sent before is good, or there is nothing.
    | 'sent_before'
    | 'not_sent'
    | 'enrolment_refused'
  /** The method that was tried. */
  method?: string
  /** Why it failed, as the trail says it. */
  cause?: string
  /** When trying again makes sense. */
  retryAt?: Date
  /** The code of a refusal. */
  code?: string
}

/** Somebody who is nobody here yet, as they are kept while they decide. */
export interface KeptNewcomer {
  /** Who they are, sealed. */
  sealed: string
  /** Whether they say that they have an account here. */
  hasAccount: boolean
}

/** A sign-in under way, as it is stored: its id is the hash of the interaction's uid, which is a bearer secret. */
export interface AttemptDocument {
  _id: string
  identifier?: string
  suggestedIdentifier?: string
  method?: string
  evidence: Evidence[]
  /** Whether everything has to be proved anew, whoever is signed in already. */
  isAnew?: boolean
  /** Failed proofs since the last one that held. */
  failures: number
  pending?: PendingChallenge
  newcomer?: KeptNewcomer
  notice?: Notice
  /** The person would like to stay signed in. */
  keeps?: boolean
  /** The person would like this browser to be trusted. */
  trusts?: boolean
  /** The hash of the secret of this browser, if it has one that is trusted. */
  device?: string
  /** The context class that has to be reached, and those that the client would like, by name. */
  minimumAcr?: string
  wishedAcrs: string[]
  /** The authorization request, sealed, so that an expired sign-in can be started again at the same application. */
  request: string
  createdAt: Date
  expiresAt: Date
  /** Until when the request is remembered for starting again. */
  forgottenAt: Date
}

/** What a part of an attempt is sealed with. */
export const sealingContext =
  (part: 'pending' | 'request' | 'newcomer') =>
  ({ _id }: Pick<AttemptDocument, '_id'>) =>
    `attempt:${_id}:${part}`

const schema = new Schema<AttemptDocument>(
  {
    _id: { type: String, required: true },
    identifier: String,
    suggestedIdentifier: String,
    method: String,
    evidence: { type: Schema.Types.Mixed, required: true },
    isAnew: Boolean,
    failures: { type: Number, required: true },
    pending: { type: Schema.Types.Mixed, ...sealed(sealingContext('pending'), 'sealed') },
    newcomer: { type: Schema.Types.Mixed, ...sealed(sealingContext('newcomer'), 'sealed') },
    notice: Schema.Types.Mixed,
    keeps: Boolean,
    trusts: Boolean,
    device: String,
    minimumAcr: String,
    wishedAcrs: { type: [String], required: true },
    request: { type: String, required: true, ...sealed(sealingContext('request')) },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    forgottenAt: { type: Date, required: true },
  },
  { collection: 'sign_in_attempts', versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ forgottenAt: 1 }, { expireAfterSeconds: 0 })
schema.index({ 'evidence.accountId': 1 }, { partialFilterExpression: { 'evidence.accountId': { $exists: true } } })

/**
 * The attempts on this connection. Sharding key: `_id`, hashed.
 * Majority: evidence of a sign-in, once given, is not asked for twice, and a used challenge is not good again.
 */
export function attemptModel(connection: Connection): Model<AttemptDocument> {
  return connection.model<AttemptDocument>('SignInAttempt', schema)
}
