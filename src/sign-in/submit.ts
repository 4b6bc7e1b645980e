import type { Account, Accounts } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import { hashSecret } from '../platform/ids.ts'
import { QueueFullError } from '../platform/password-hash.ts'
import type { Attempt, Attempts } from './attempt.ts'
import type { SignInLimits } from './limits.ts'
import type { MethodContext, SignInMethod, Verdict } from './method.ts'
import { refusals } from './refusals.ts'

/** What came of one submitted proof. */
export type Submission =
  | { readonly outcome: 'proved'; readonly attempt: Attempt }
  | { readonly outcome: 'failed' }
  | { readonly outcome: 'limited' }
  /** There is no such sign-in any more. */
  | { readonly outcome: 'gone' }

/** One submitted proof. */
export interface SubmitInput {
  readonly attempt: Attempt
  readonly method: string
  readonly body: unknown
  readonly context: MethodContext
  readonly origin: Origin
  readonly clientId?: string | undefined
}

interface Dependencies {
  readonly attempts: Attempts
  readonly audit: Audit
  readonly limits: SignInLimits
  readonly methods: readonly SignInMethod[]
}

/** The account that an attempt is about, if there is one: proved, or only named. */
export async function findAttemptAccount(accounts: Accounts, attempt: Attempt): Promise<Account | undefined> {
  const [proof] = attempt.evidence
  if (proof) return accounts.find(proof.accountId)
  return attempt.identifier ? accounts.findByIdentifier(attempt.identifier) : undefined
}

function parse(method: SignInMethod, body: unknown): unknown {
  try {
    return method.parse(body)
  } catch (error) {
    throw refusals.formInvalid(error)
  }
}

/**
 * The only caller of `verify`: limit, verify, append evidence, audit. Every try of every method goes through here, so
 * every limit holds on every path.
 * @throws Refusal `sign_in.method_unknown`, `sign_in.form_invalid`, `sign_in.busy`
 */
export function createSubmit({ attempts, audit, limits, methods }: Dependencies) {
  const verify = async (method: SignInMethod, { attempt, context }: SubmitInput, parsed: unknown): Promise<Verdict> => {
    const state = method.begin ? await attempts.takeState(attempt.uid, method.name) : undefined
    return method.verify(context, parsed, state)
  }

  return async (input: SubmitInput): Promise<Submission> => {
    const { attempt, origin, clientId, context } = input
    const method = methods.find(({ name }) => name === input.method)
    if (!method || (!attempt.identifier && !method.identifies)) throw refusals.methodUnknown()
    const parsed = parse(method, input.body)

    const claimant = { identifier: attempt.identifier, address: origin.address }
    const subject = { origin, clientId, accountId: context.account?.id, actor: { type: 'anonymous' } } as const
    const told = {
      method: method.name,
      identifierHash: attempt.identifier && !context.account ? hashSecret(attempt.identifier) : undefined,
    }

    const reservation = await limits.reserve(claimant)
    if (!reservation.isAllowed) {
      const retryAt = new Date(Date.now() + reservation.retryAfterSeconds * 1000)
      await attempts.notify(attempt.uid, { reason: 'limited', retryAt })
      await audit.record('sign_in.limited', subject, { ...told, by: reservation.by })
      return { outcome: 'limited' }
    }

    const verdict = await verify(method, input, parsed).catch(async (error: unknown) => {
      await limits.giveBack(claimant)
      if (!(error instanceof QueueFullError)) throw error
      const { retryAfterSeconds } = error
      await audit.record('sign_in.deferred', subject, { method: method.name, retryAfterSeconds })
      throw refusals.busy(retryAfterSeconds, error)
    })
    if (!verdict.isProved) {
      await attempts.notify(attempt.uid, { reason: 'failed' })
      await audit.record('sign_in.failed', subject, { ...told, reason: verdict.reason })
      return { outcome: 'failed' }
    }

    await limits.settle(claimant)
    const { accountId, factors, amr } = verdict
    const after = await attempts.append(attempt.uid, { method: method.name, accountId, factors, amr, at: new Date() })
    return after ? { outcome: 'proved', attempt: after } : { outcome: 'gone' }
  }
}
