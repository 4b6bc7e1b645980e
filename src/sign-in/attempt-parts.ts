import type { EventDetail, EventSubject } from '../audit/index.ts'
import type { Evidence } from './method.ts'

/** What an attempt starts from. */
export interface AttemptStart {
  readonly uid: string
  readonly request: Readonly<Record<string, unknown>>
  readonly identifier?: string | undefined
  readonly suggestedIdentifier?: string | undefined
  /** What the session of this browser proves already. */
  readonly evidence?: readonly Evidence[]
  readonly isAnew?: boolean
  /** The hash of the secret of this browser, if it has one that is trusted. */
  readonly device?: string | undefined
  readonly minimumAcr?: string | undefined
  readonly wishedAcrs?: readonly string[]
  readonly expiresAt: Date
}

/** A challenge that a proof is tried on. */
export interface TakenChallenge {
  /** Names the challenge, for using it up. */
  readonly nonce: string
  readonly state: unknown
}

/** What the person would like besides, as they ticked it on the page of the proof. */
export interface Wants {
  /** To stay signed in: asked with the first proof. */
  readonly keeps?: boolean
  /** That this browser be trusted: asked with a second one. */
  readonly trusts?: boolean
}

/** A proof that held, as the trail is told of it. */
export interface HeldProof {
  readonly subject: EventSubject
  readonly detail: EventDetail<'sign_in.proved'>
}
