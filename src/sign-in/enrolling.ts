import type { Account } from '../accounts/index.ts'
import type { Origin } from '../audit/index.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Attempt, Attempts } from './attempt.ts'
import type { HeldProof } from './attempt-parts.ts'
import type { BeginInput } from './begin.ts'
import type { Enrolment } from './enrolment.ts'
import type { Strength } from './method.ts'
import { refusals } from './refusals.ts'
import type { SignInView } from './view.ts'

/** Something was added to an account during its sign-in. */
export interface Enrolled {
  readonly attempt: Attempt
  readonly account: Account
  readonly method: string
  /** What adding it has proved. */
  readonly strength: Strength
  readonly origin: Origin
  readonly clientId?: string | undefined
}

/** Credentials that are added while somebody signs in: holding one is a proof as well. */
export interface Enrolling {
  /** Starts adding a credential that this sign-in needs. @throws Refusal `sign_in.method_unknown` */
  readonly beginEnrolment: (input: BeginInput) => Promise<void>
  /** Confirms it. @throws Refusal `enrolment.form_invalid` */
  readonly confirmEnrolment: (input: Omit<BeginInput, 'input'> & { readonly body: unknown }) => Promise<void>
  /** An account was just made with this credential: the sign-in is its own from now on. */
  readonly enter: (enrolled: Enrolled) => Promise<SignInView | undefined>
}

/** What a sign-in has come to by. */
export interface SettledBy extends Pick<Enrolled, 'clientId' | 'origin'> {
  /** The proof that was kept just now. */
  readonly proof?: HeldProof
  /** Whose proof it was, read a moment ago. */
  readonly account?: Account | undefined
}

/** Where an attempt stands after a proof; the trail is told of the proof, and when that was the end. */
export type Settle = (attempt: Attempt, by: SettledBy) => Promise<SignInView>

interface Dependencies {
  readonly attempts: Attempts
  readonly enrolment: Enrolment
  readonly view: (attempt: Attempt) => Promise<SignInView>
  readonly settle: Settle
}

/** Adding credentials during sign-ins. */
export function createEnrolling({ attempts, enrolment, view, settle }: Dependencies): Enrolling {
  const takeAsProof = async ({ attempt, account, method, strength, origin, clientId }: Enrolled) => {
    const { factors, amr } = strength
    const evidence = { method, accountId: account.id, factors, amr, at: new Date() }
    const after = await attempts.append(attempt.uid, evidence)
    if (!after) return undefined
    const proof = { subject: { accountId: account.id, clientId, origin }, detail: { method, amr: [...amr] } }
    return settle(after, { clientId, origin, account, proof })
  }

  return {
    async beginEnrolment({ attempt, method, input, page: { locale }, origin }) {
      const { plan, account } = await view(attempt)
      if (!account || plan.step !== 'enrol') throw refusals.outOfTurn()
      if (!plan.methods.includes(method)) throw refusals.methodUnknown()
      await attempts.choose(attempt.uid, method)
      try {
        await enrolment.begin({ account, method, origin, locale }, input)
      } catch (error) {
        if (!(error instanceof Refusal) || !enrolment.asks(method)) throw error
        await attempts.notify(attempt.uid, { reason: 'enrolment_refused', method, code: error.code })
      }
    },
    async confirmEnrolment({ attempt, method, body, page: { locale }, origin, clientId }) {
      const { plan, account } = await view(attempt)
      if (!account || plan.step !== 'enrol' || !plan.methods.includes(method)) return
      const outcome = await enrolment.confirm({ account, method, origin, locale }, body)
      if (outcome.outcome !== 'added') return attempts.fail(attempt.uid, method, outcome.outcome)
      await takeAsProof({ attempt, account, method, strength: outcome.strength, origin, clientId })
    },
    async enter(enrolled) {
      await attempts.identify(enrolled.attempt.uid, enrolled.account.email)
      return takeAsProof(enrolled)
    },
  }
}
