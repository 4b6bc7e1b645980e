import type { Account } from '../accounts/index.ts'

/** What kind of thing was proved (NIST SP 800-63B section 2). */
export type Factor = 'knowledge' | 'possession' | 'inherence'

/** One proof, as it is kept in the attempt: for which account, which factors, and the RFC 8176 `amr` values. */
export interface Evidence {
  readonly method: string
  readonly accountId: string
  readonly factors: readonly Factor[]
  readonly amr: readonly string[]
  readonly at: Date
}

/** The outcome of a proof. A failed one is a value, so that it is counted, slowed and audited in one place. */
export type Verdict =
  | {
      readonly isProved: true
      readonly accountId: string
      readonly factors: readonly Factor[]
      readonly amr: readonly string[]
    }
  | { readonly isProved: false; readonly reason: string }

/** What a person is asked to do for this method. */
export type Challenge =
  | { readonly kind: 'show'; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'sentTo'; readonly hint: string }
  | { readonly kind: 'redirect'; readonly url: string }

/** What a method may know of the sign-in under way. */
export interface MethodContext {
  readonly identifier: string | undefined
  readonly account: Account | undefined
  /** Where a method that leaves for another site, or sends a link, asks people to come back to. */
  readonly returnUrl: string
}

/**
 * One way to prove who somebody is. A method has no routes, sends no redirect, writes no audit event, and knows no
 * limiter and no other method; it says what was proved, and `plan` alone decides whether that is enough.
 */
export interface SignInMethod<Input = unknown, State = unknown> {
  /** URL segment, template name and the word in the audit trail. */
  readonly name: string
  /** Whether it may open a sign-in while no account is known yet. */
  readonly identifies: boolean
  /** Whether it can be offered. Called with no account for identifiers nobody has: answer as for the commonest account. */
  available(account: Account | undefined): Promise<boolean>
  /** Starts it: makes a challenge and the state that `verify` will need, which is stored sealed and used once. */
  begin?(context: MethodContext, input: unknown): Promise<{ challenge: Challenge; state?: State }>
  /** Reads the submitted form. @throws ZodError when it is not of the right form, which is not counted as a try */
  parse(body: unknown): Input
  /** Checks the proof. Must do the same work whether or not the account exists. */
  verify(context: MethodContext, input: Input, state: State | undefined): Promise<Verdict>
}
