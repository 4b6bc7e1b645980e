import type { Account } from '../accounts/index.ts'
import type { Origin } from '../audit/index.ts'
import type { NewCredential } from './credentials.ts'

/**
 * What kind of thing was proved (NIST SP 800-63B section 2). `delegated` is somebody else's word: a mailbox, or an account
 * at another provider. It opens a sign-in as knowledge does, and never adds to knowledge.
 */
export type Factor = 'knowledge' | 'possession' | 'inherence' | 'delegated'

/** What a proof is worth. */
export interface Strength {
  readonly factors: readonly Factor[]
  /** RFC 8176 `amr` values. */
  readonly amr: readonly string[]
}

/** One proof, as it is kept in the attempt. */
export interface Evidence extends Strength {
  readonly method: string
  /** Which of the method's choices it was. */
  readonly via?: string | undefined
  readonly accountId: string
  readonly at: Date
}

/** Somebody who proved elsewhere who they are, and is nobody here yet. Never taken for anybody by their e-mail alone. */
export interface Newcomer {
  readonly method: string
  readonly via?: string | undefined
  /** What people call the place that says who they are. */
  readonly from: string
  readonly email?: string | undefined
  /** Whether that place says that the mailbox is theirs. */
  readonly isEmailVerified: boolean
  readonly name?: string | undefined
  /** What an account of theirs is given, so that it is known the next time. */
  readonly credential: NewCredential
  /** What was proved by coming from there. */
  readonly strength: Strength
}

/**
 * The outcome of a proof. A failed one is a value, so that it is counted, slowed and audited in one place. `via`: which of
 * the method's choices it was about.
 */
export type Verdict = { readonly via?: string | undefined } & (
  | ({ readonly isProved: true; readonly accountId: string; readonly risk?: string | undefined } & Strength)
  | { readonly isProved: false; readonly reason: string; readonly newcomer?: Newcomer | undefined }
)

/** One of several things that a method is offered as (one provider of many, say), with a button of its own. */
export interface Choice {
  /** The value of the form field `choice` that is given to `begin`. */
  readonly id: string
  /** A name that is the same in every language. */
  readonly label: string
}

/** What a person is asked to do for this method. */
export type Challenge =
  | { readonly kind: 'show'; readonly data: Readonly<Record<string, unknown>> }
  /** `hint`: where to look, as much of it as may be told; `data`: what else the page shows. */
  | { readonly kind: 'sentTo'; readonly hint: string; readonly data?: Readonly<Record<string, unknown>> }
  | { readonly kind: 'redirect'; readonly url: string }

/** What a method may know of the sign-in under way. */
export interface MethodContext {
  /** Names this sign-in; a secret of its browser. */
  readonly uid: string
  readonly origin: Origin
  readonly identifier: string | undefined
  readonly account: Account | undefined
  /** Whether something was proved already: the challenge may then depend on what the account has enrolled. */
  readonly isSecondStep: boolean
  /** Whether who they are has to be proved anew, whoever is signed in already: another site must not just say so again. */
  readonly isAnew: boolean
  /** What kinds of things were proved already. */
  readonly proved: readonly Factor[]
  /** Where a method that leaves for another site, or sends a link, asks people to come back to. */
  readonly returnUrl: string
  /** Tells this browser from all others; asked for only by what is mailed. */
  readonly browser: () => string
  /** What the person is signing in to, and the language they read: for what is sent. */
  readonly clientName?: string | undefined
  readonly locale?: string | undefined
}

/** A challenge that was made. */
export interface Begun<State> {
  readonly challenge: Challenge
  /** What `verify` will need: stored sealed, and used up with the challenge. */
  readonly state?: State
  /** How many proofs may be tried on this challenge; 1 unless it says otherwise. */
  readonly tries?: number
  /** How long it can be answered; 15 minutes unless it says otherwise. */
  readonly expiresInSeconds?: number
}

/** It cannot be begun now: why, for the trail. */
export interface NotBegun {
  readonly failure: string
  readonly via?: string | undefined
}

/** How often something may be sent to one identifier. */
export interface SendLimit {
  readonly points: number
  readonly windowSeconds: number
  /** Between two of them; what was sent before stays good meanwhile. */
  readonly coolDownSeconds?: number
}

/**
 * One way to prove who somebody is. A method has no routes, sends no redirect, writes no audit event, and knows no
 * limiter and no other method; it says what was proved, and `plan` alone decides whether that is enough.
 */
export interface SignInMethod<Input = unknown, State = unknown> {
  /** URL segment, template name and the word in the audit trail. */
  readonly name: string
  /** The form field that a failed proof is about; the method's own name unless it says otherwise. */
  readonly field?: string
  /** Whether it may open a sign-in while nobody has said who they are. */
  readonly identifies: boolean
  /** Whether it can come first, or only after another proof. */
  readonly step: 'any' | 'second'
  /** What a proof can be worth at best, for planning; the verdict says what it was worth. */
  readonly proves: Strength
  /** Begun as soon as its page is shown: its challenge costs nothing and sends nothing. */
  readonly isBegunOnShow?: boolean
  /** Its challenge leads to another site. Whoever comes back from there brings the answer in the address. */
  readonly isAnsweredElsewhere?: boolean
  /** Set by methods whose `begin` sends something: how often for one identifier. */
  readonly sendLimit?: SendLimit
  /**
   * Whether it can be offered. Called without an account until something is proved, so that nobody learns what an account
   * has, or whether there is one.
   */
  available(account: Account | undefined): Promise<boolean>
  /** What it is offered as, where that is more than one thing. Called as `available` is. */
  choices?(account: Account | undefined): Promise<readonly Choice[]>
  /**
   * Whether somebody who has it wants it after every first step. Having it says so, unless this says otherwise; asked
   * only of an account that has it.
   */
  isWanted?(account: Account): Promise<boolean>
  /**
   * Starts it. Before anything is proved it must look and take the same whether or not the account exists and has
   * this method.
   */
  begin?(context: MethodContext, input: unknown): Promise<Begun<State> | NotBegun>
  /** Reads the submitted form. @throws ZodError when it is not of the right form, which is not counted as a try */
  parse(body: unknown): Input
  /** Checks the proof. Must do the same work whether or not the account exists. */
  verify(context: MethodContext, input: Input, state: State | undefined): Promise<Verdict>
}
