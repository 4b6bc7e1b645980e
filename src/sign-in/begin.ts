import type { Accounts } from '../accounts/index.ts'
import { normaliseIdentifier } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import { limitKey } from '../platform/address.ts'
import type { Limiter } from '../platform/limiter.ts'
import type { Attempt, Attempts } from './attempt.ts'
import type { Challenge, SignInMethod } from './method.ts'
import { refusals } from './refusals.ts'
import { contextOf, findAttemptAccount, type PageContext } from './view.ts'

/** A method is chosen. */
export interface BeginInput {
  readonly attempt: Attempt
  readonly method: string
  readonly input: unknown
  readonly page: PageContext
  readonly origin: Origin
  readonly clientId?: string | undefined
}

/** How often messages may be sent. */
export interface SendLimiters {
  /** A limiter for this method with its own limit. */
  readonly forMethod: (method: string, limit: { points: number; windowSeconds: number }) => Limiter
  readonly byAddress: Limiter
}

interface Dependencies {
  readonly accounts: Accounts
  readonly attempts: Attempts
  readonly audit: Audit
  readonly methods: readonly SignInMethod[]
  readonly sending: SendLimiters
}

/**
 * The only caller of a method's `begin`: chooses it and makes its challenge. What sends something is limited, per
 * identifier and per address, whether or not there is an account.
 * @throws Refusal `sign_in.method_unknown`
 */
export function createBegin({ accounts, attempts, audit, methods, sending }: Dependencies) {
  const limiters = new Map(
    methods.flatMap(({ name, sendLimit }) => (sendLimit ? [[name, sending.forMethod(name, sendLimit)] as const] : [])),
  )

  const findLimit = async ({ name }: SignInMethod, { attempt, origin }: BeginInput) => {
    const limiter = limiters.get(name)
    if (!limiter) return undefined
    const whom = attempt.evidence[0]?.accountId ?? normaliseIdentifier(attempt.identifier ?? '') ?? ''
    const ofAddress = await sending.byAddress.reserve(limitKey(origin.address ?? ''))
    const ofIdentifier = ofAddress.isAllowed ? await limiter.reserve(whom) : ofAddress
    return ofIdentifier.isAllowed ? undefined : ofIdentifier
  }

  return async (request: BeginInput): Promise<Challenge | undefined> => {
    const { attempt, input, page, origin, clientId } = request
    const account = await findAttemptAccount(accounts, attempt)
    const isSecondStep = attempt.evidence.length > 0
    const method = methods.find(({ name }) => name === request.method)
    const isPossible = method && (isSecondStep || (method.step === 'any' && (attempt.identifier || method.identifies)))
    if (!isPossible || !(await method.available(isSecondStep ? account : undefined))) throw refusals.methodUnknown()
    if (!method.begin) return void (await attempts.choose(attempt.uid, method.name))

    const limited = await findLimit(method, request)
    if (limited) {
      const retryAt = new Date(Date.now() + limited.retryAfterSeconds * 1000)
      await attempts.notify(attempt.uid, { reason: 'limited', retryAt })
      const subject = { origin, clientId, accountId: account?.id, actor: { type: 'anonymous' } } as const
      return void (await audit.record('sign_in.limited', subject, { method: method.name, by: 'sending' }))
    }
    const begun = await method.begin(contextOf(method.name, attempt, account, page, origin), input)
    await attempts.keepChallenge(attempt.uid, method.name, begun)
    return begun.challenge
  }
}
