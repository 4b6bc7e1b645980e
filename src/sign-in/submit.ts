import type { Account } from '../accounts/index.ts'
import type { Audit, EventSubject, Origin } from '../audit/index.ts'
import { hashSecret } from '../platform/ids.ts'
import { QueueFullError } from '../platform/password-hash.ts'
import type { Attempt, Attempts } from './attempt.ts'
import type { HeldProof, TakenChallenge, Wants } from './attempt-parts.ts'
import type { SignInLimits } from './limits.ts'
import type { MethodContext, SignInMethod, Verdict } from './method.ts'
import { refusals } from './refusals.ts'

/** What came of one submitted proof. */
export type Submission =
  /** It is kept. The trail is told together with what it leads to. */
  | { readonly outcome: 'proved'; readonly attempt: Attempt; readonly proof: HeldProof }
  | { readonly outcome: 'failed' }
  /** Who it is was proved, elsewhere; here they are nobody yet. */
  | { readonly outcome: 'newcomer' }
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
  /** What was ticked on the page: each counts with the step that it is asked at. */
  readonly wants?: Wants | undefined
}

interface Dependencies {
  readonly attempts: Attempts
  readonly audit: Audit
  readonly limits: SignInLimits
  readonly methods: readonly SignInMethod[]
}

/** Whether this method may be tried at this point of this sign-in. */
function isAllowed({ step, identifies }: SignInMethod, { identifier, evidence }: Attempt): boolean {
  if (evidence.length > 0) return true
  return step === 'any' && (identifier !== undefined || identifies)
}

function parse(method: SignInMethod, body: unknown): unknown {
  try {
    return method.parse(body)
  } catch (error) {
    throw refusals.formInvalid(error)
  }
}

/** Too many proofs at this moment: told to the trail, and no try of anybody's. */
async function toRefusal(error: unknown, { name }: SignInMethod, subject: EventSubject, audit: Audit) {
  if (!(error instanceof QueueFullError)) return error
  const { retryAfterSeconds } = error
  await audit.record('sign_in.deferred', subject, { method: name, retryAfterSeconds })
  return refusals.busy(retryAfterSeconds, error)
}

/**
 * The only caller of `verify`: limit, verify, append evidence, audit. Every try of every method goes through here, so
 * every limit holds on every path.
 * @throws Refusal `sign_in.method_unknown`, `sign_in.out_of_turn`, `sign_in.form_invalid`, `sign_in.busy`
 */
export function createSubmit({ attempts, audit, limits, methods }: Dependencies) {
  const verify = async (
    method: SignInMethod,
    { attempt, context }: SubmitInput,
    parsed: unknown,
  ): Promise<{ verdict: Verdict; challenge?: TakenChallenge | undefined }> => {
    if (!method.begin) return { verdict: await method.verify(context, parsed, undefined) }
    const challenge = await attempts.takeTry(attempt.uid, method.name)
    // Looked at without a challenge as well: it has to fail in the same time.
    const verdict = await method.verify(context, parsed, challenge?.state)
    return challenge ? { verdict, challenge } : { verdict: { isProved: false, reason: 'no_challenge' } }
  }

  return async (input: SubmitInput): Promise<Submission> => {
    const { attempt, origin, clientId, context } = input
    const method = methods.find(({ name }) => name === input.method)
    if (!method) throw refusals.methodUnknown()
    if (!isAllowed(method, attempt)) throw refusals.outOfTurn()
    const parsed = parse(method, input.body)

    const { keeps = false, trusts = false } = input.wants ?? {}
    const isFirst = attempt.evidence.length === 0
    const provedAccountId = attempt.evidence[0]?.accountId
    const claimant = { identifier: attempt.identifier, address: origin.address, provedAccountId }
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

    const { verdict, challenge } = await verify(method, input, parsed).catch(async (error: unknown) => {
      await limits.giveBack(claimant)
      throw await toRefusal(error, method, subject, audit)
    })
    const { via } = verdict
    const refuse = async (reason: string): Promise<Submission> => {
      await attempts.fail(attempt.uid, method.name, reason)
      await audit.record('sign_in.failed', subject, { ...told, reason, via })
      return { outcome: 'failed' }
    }
    if (!verdict.isProved) {
      // Beside a proof of somebody here a stranger has no place.
      if (!verdict.newcomer || !challenge || provedAccountId !== undefined) return refuse(verdict.reason)
      if (!(await attempts.welcome(attempt.uid, verdict.newcomer, challenge))) return refuse('challenge_used')
      await limits.giveBack(claimant)
      await audit.record('sign_in.newcomer_arrived', { ...subject, accountId: undefined }, { method: method.name, via })
      return { outcome: 'newcomer' }
    }
    // What was proved first says whose sign-in this is: nobody else's proof adds to it.
    if (provedAccountId !== undefined && provedAccountId !== verdict.accountId) return refuse('another_account')

    const { accountId, factors, amr, risk } = verdict
    const evidence = { method: method.name, ...(via ? { via } : {}), accountId, factors, amr, at: new Date() }
    const after = await attempts.append(attempt.uid, evidence, {
      challenge,
      wants: isFirst ? { keeps, trusts: false } : { trusts },
    })
    if (!after) return challenge ? refuse('challenge_used') : { outcome: 'gone' }
    // Whoever named somebody else, and then proved to be themselves, gives that name none of its tries back.
    await (accountId === context.account?.id ? limits.settle(claimant) : limits.giveBack(claimant))
    const detail = { method: method.name, amr: [...amr], risk, via }
    return { outcome: 'proved', attempt: after, proof: { subject: { ...subject, accountId }, detail } }
  }
}

/** Somebody who is signed in proves something once more. */
interface Reproof {
  readonly account: Account
  readonly method: string
  readonly body: unknown
  readonly origin: Origin
}

/**
 * The same for whoever is signed in and proves something once more before a change: limited and told to the trail like
 * any other try, by the same counts. For methods that need no challenge.
 * @returns whether it was proved
 * @throws Refusal `sign_in.method_unknown`, `sign_in.form_invalid`, `sign_in.limited`, `sign_in.busy`
 */
export function createReprove({ audit, limits, methods }: Omit<Dependencies, 'attempts'>) {
  return async ({ account, method: name, body, origin }: Reproof): Promise<boolean> => {
    const method = methods.find((candidate) => candidate.name === name)
    if (!method || method.begin) throw refusals.methodUnknown()
    const parsed = parse(method, body)
    const claimant = { identifier: account.email, address: origin.address }
    const subject = { origin, accountId: account.id } as const

    const reservation = await limits.reserve(claimant)
    if (!reservation.isAllowed) {
      await audit.record('sign_in.limited', subject, { method: name, by: reservation.by })
      throw refusals.limited(reservation.retryAfterSeconds)
    }
    const nowhere = { uid: '', returnUrl: '', browser: () => '', isSecondStep: true, isAnew: true, proved: [] }
    const context = { ...nowhere, origin, identifier: account.email, account }
    const verdict = await method.verify(context, parsed, undefined).catch(async (error: unknown) => {
      await limits.giveBack(claimant)
      throw await toRefusal(error, method, subject, audit)
    })
    if (!verdict.isProved) {
      await audit.record('sign_in.failed', subject, { method: name, reason: verdict.reason })
      return false
    }
    await limits.settle(claimant)
    return true
  }
}
