import type { Accounts } from '../accounts/index.ts'
import { normaliseIdentifier } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import type { Attempt, Attempts } from './attempt.ts'
import type { Begun, Challenge, SignInMethod } from './method.ts'
import { refusals } from './refusals.ts'
import type { ReserveSend } from './sending.ts'
import { contextOf, findAttemptAccount, type PageContext } from './view.ts'

/** A method is chosen. */
export interface BeginInput {
  readonly attempt: Attempt
  readonly method: string
  readonly input: Readonly<Record<string, unknown>>
  readonly page: PageContext
  readonly origin: Origin
  readonly clientId?: string | undefined
}

interface Dependencies {
  readonly accounts: Accounts
  readonly attempts: Attempts
  readonly audit: Audit
  readonly methods: readonly SignInMethod[]
  readonly reserveSend: ReserveSend
}

/**
 * Makes the challenge that a sign-in opens with, of a method that begins by itself: that costs nothing and sends nothing,
 * so that no limit counts it.
 * @returns undefined when it cannot be begun now: whoever comes back finds out why
 */
export async function beginOnShow(
  method: SignInMethod,
  attempt: Attempt,
  { page, origin }: Pick<BeginInput, 'page' | 'origin'>,
): Promise<Begun<unknown> | undefined> {
  const begun = await method.begin?.(contextOf(method.name, attempt, undefined, page, origin), {})
  return begun && 'failure' in begun ? undefined : begun
}

/**
 * With that, the only caller of a method's `begin`: chooses it and makes its challenge. What sends something is limited, per
 * identifier and per address, whether or not there is an account.
 * @throws Refusal `sign_in.method_unknown`, `sign_in.out_of_turn`
 */
export function createBegin({ accounts, attempts, audit, methods, reserveSend }: Dependencies) {
  const reserve = ({ attempt, method, origin: { address } }: BeginInput) => {
    const whom = attempt.evidence[0]?.accountId ?? normaliseIdentifier(attempt.identifier ?? '') ?? ''
    return reserveSend(method, { whom, address })
  }

  /** Nothing is sent now. What was sent before is still good, so its page stays; or else there are other ways. */
  const keepWaiting = async (attempt: Attempt, method: string, seconds: number) => {
    const { uid } = attempt
    const isWaiting = attempts.challengeOf(attempt, method) !== undefined
    await attempts.choose(uid, isWaiting ? method : undefined)
    const retryAt = new Date(Date.now() + seconds * 1000)
    await attempts.notify(uid, { reason: isWaiting ? 'sent_before' : 'not_sent', method, retryAt })
  }

  return async (request: BeginInput): Promise<Challenge | undefined> => {
    const { attempt, input, page, origin, clientId } = request
    const account = await findAttemptAccount(accounts, attempt)
    const isSecondStep = attempt.evidence.length > 0
    const method = methods.find(({ name }) => name === request.method)
    if (!method) throw refusals.methodUnknown()
    const isPossible = isSecondStep || (method.step === 'any' && (attempt.identifier || method.identifies))
    if (!isPossible || !(await method.available(isSecondStep ? account : undefined))) throw refusals.outOfTurn()
    if (!method.begin) return void (await attempts.choose(attempt.uid, method.name))

    const limitedSeconds = await reserve(request)
    if (limitedSeconds > 0) {
      await keepWaiting(attempt, method.name, limitedSeconds)
      const subject = { origin, clientId, accountId: account?.id, actor: { type: 'anonymous' } } as const
      return void (await audit.record('sign_in.limited', subject, { method: method.name, by: 'sending' }))
    }
    const begun = await method.begin(contextOf(method.name, attempt, account, page, origin), input)
    if ('failure' in begun) {
      const { failure: reason, via } = begun
      await attempts.choose(attempt.uid, undefined)
      await attempts.notify(attempt.uid, { reason: 'failed', method: method.name, cause: reason })
      const subject = { origin, clientId, accountId: account?.id, actor: { type: 'anonymous' } } as const
      return void (await audit.record('sign_in.failed', subject, { method: method.name, reason, via }))
    }
    await attempts.keepChallenge(attempt.uid, method.name, begun)
    return begun.challenge
  }
}
