import type { Account } from '../accounts/index.ts'
import type { Origin } from '../audit/index.ts'

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
  readonly accountId: string
  readonly at: Date
}

/** The outcome of a proof. A failed one is a value, so that it is counted, slowed and audited in one place. */
export type Verdict =
  | ({ readonly isProved: true; readonly accountId: string; readonly risk?: string | undefined } & Strength)
  | { readonly isProved: false; readonly reason: string }

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
  /** Set by methods whose `begin` sends something: how often for one identifier. */
  readonly sendLimit?: SendLimit
  /**
   * Whether it can be offered. Called without an account until something is proved, so that nobody learns what an account
   * has, or whether there is one.
   */
  available(account: Account | undefined): Promise<boolean>
  /**
   * Starts it. Before anything is proved it must look and take the same whether or not the account exists and has
   * this method.
   */
  begin?(context: MethodContext, input: unknown): Promise<Begun<State>>
  /** Reads the submitted form. @throws ZodError when it is not of the right form, which is not counted as a try */
  parse(body: unknown): Input
  /** Checks the proof. Must do the same work whether or not the account exists. */
  verify(context: MethodContext, input: Input, state: State | undefined): Promise<Verdict>
}
