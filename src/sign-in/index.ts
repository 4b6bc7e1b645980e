// Sign-in: proof that it is them. Owns attempts, methods, credentials and the plan that says when it is enough.
// Knows neither Koa nor the protocol: who asks, and what they get for it, is decided elsewhere.
import type { Connection } from 'mongoose'
import type { Account, Accounts } from '../accounts/index.ts'
import { normaliseIdentifier } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import type { Sealer } from '../platform/seal.ts'
import { attemptModel } from './attempt.model.ts'
import { type Attempt, type Attempts, createAttempts } from './attempt.ts'
import { createCredentials, credentialModel } from './credentials.ts'
import { createInvitations, type Invitations } from './invitations.ts'
import { createSignInLimits, type SignInLimiters } from './limits.ts'
import type { Challenge, MethodContext, SignInMethod } from './method.ts'
import type { PasswordDependencies } from './methods/password/index.ts'
import { createMethods } from './methods.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import { type Plan, plan } from './plan.ts'
import { refusals } from './refusals.ts'
import { createSubmit, findAttemptAccount, type SubmitInput } from './submit.ts'

export type { Attempt } from './attempt.ts'
export type { Invitation, Invitations } from './invitations.ts'
export type { Challenge, SignInMethod } from './method.ts'
export { choosePolicy, createBreachCheck } from './methods/password/index.ts'
export type { Passwords } from './passwords.ts'
export { attainableAcrs, type Plan } from './plan.ts'

/** A sign-in as its pages need it: where it stands, what comes next, and which method is in front. */
export interface SignInView {
  readonly attempt: Attempt
  readonly account: Account | undefined
  readonly plan: Plan
  /** The method to show. One that has to be begun first is shown once its challenge waits for an answer. */
  readonly current: { readonly name: string; readonly challenge?: Challenge | undefined } | undefined
}

/** What other rooms can do with sign-in. */
export interface SignIn {
  /** Opens the attempt of this interaction, or finds it again. */
  readonly open: Attempts['open']
  readonly find: Attempts['find']
  /** Looks at where an attempt stands. */
  readonly view: (attempt: Attempt) => Promise<SignInView>
  /** Says who it is. What cannot be an identifier is kept for correcting, with a notice. */
  readonly identify: (attempt: Attempt, typed: string) => Promise<void>
  /** It is somebody else: everything said and proved so far is forgotten. */
  readonly forget: (attempt: Attempt) => Promise<void>
  /** Chooses a method, and makes its challenge; without a name, goes back to choosing. @throws Refusal `sign_in.method_unknown` */
  readonly begin: (
    attempt: Attempt,
    method: string | undefined,
    input: unknown,
    returnUrl: string,
  ) => Promise<Challenge | undefined>
  /** Hands in a proof. What came of it is in the attempt's next view. @throws Refusal as `submit.ts` says */
  readonly submit: (
    input: Omit<SubmitInput, 'context'> & { readonly returnUrl: string },
  ) => Promise<SignInView | undefined>
  /** Whether people come back to this method from elsewhere. */
  readonly isReturnedTo: (method: string) => boolean
  /** The authorization request of an attempt, also when it has expired, for starting again. */
  readonly findRequest: Attempts['findRequest']
  readonly password: Passwords
  readonly invitations: Invitations
}

/** What sign-in needs from outside. */
export interface SignInDependencies {
  readonly connection: Connection
  readonly accounts: Accounts
  readonly audit: Audit
  readonly sealer: Sealer
  readonly limiters: SignInLimiters
  readonly password: Omit<PasswordDependencies, 'credentials'>
  readonly invitationSeconds: number
  /** Further methods, for programs that are built on this room. */
  readonly extraMethods?: readonly SignInMethod[] | undefined
  /** Called after a password was set, to tell its owner. */
  readonly onPasswordSet: (account: Account, origin: Origin) => Promise<void>
}

/** Opens the room. */
export function createSignIn(deps: SignInDependencies): SignIn {
  const { connection, accounts, audit, sealer, limiters } = deps
  const attempts = createAttempts(attemptModel(connection), sealer)
  const credentials = createCredentials(credentialModel(connection))
  const { all, password: method } = createMethods({ password: { ...deps.password, credentials } })
  const password = createPasswords({ ...deps, method })
  const methods = [...all, ...(deps.extraMethods ?? [])]
  const submitProof = createSubmit({ attempts, audit, methods, limits: createSignInLimits(limiters) })
  const contextOf = (attempt: Attempt, account: Account | undefined, returnUrl: string): MethodContext => ({
    identifier: attempt.identifier,
    account,
    returnUrl,
  })

  const view = async (attempt: Attempt): Promise<SignInView> => {
    const account = await findAttemptAccount(accounts, attempt)
    const isOffered = await Promise.all(methods.map((method) => method.available(account)))
    const offered = methods.filter((_, index) => isOffered[index])
    const { identifier, evidence } = attempt
    const next = plan({ identifier, evidence, account, methods: offered })
    return {
      attempt,
      account,
      plan: next,
      current: next.step === 'prove' ? await findCurrent(attempt, offered) : undefined,
    }
  }

  const findCurrent = async (attempt: Attempt, offered: readonly SignInMethod[]) => {
    const method = offered.find(({ name }) => name === attempt.method) ?? offered[0]
    if (!method?.begin) return method && { name: method.name }
    const challenge = await attempts.findChallenge(attempt.uid, method.name)
    return challenge && { name: method.name, challenge }
  }

  return {
    open: attempts.open,
    find: attempts.find,
    findRequest: attempts.findRequest,
    isReturnedTo: (name) => methods.some((method) => method.name === name && method.begin !== undefined),
    password,
    invitations: createInvitations({ ...deps, password }),
    view,

    async identify(attempt, typed) {
      if (normaliseIdentifier(typed)) return attempts.identify(attempt.uid, typed.trim())
      await attempts.notify(attempt.uid, { reason: 'identifier_invalid' }, typed)
    },
    forget: (attempt) => attempts.identify(attempt.uid, undefined),

    async begin(attempt, name, input, returnUrl) {
      if (name === undefined) return void (await attempts.choose(attempt.uid, undefined))
      const account = await findAttemptAccount(accounts, attempt)
      const method = methods.find((candidate) => candidate.name === name)
      if (!method || !(await method.available(account))) throw refusals.methodUnknown()
      if (!method.begin) return void (await attempts.choose(attempt.uid, name))
      const begun = await method.begin(contextOf(attempt, account, returnUrl), input)
      await attempts.keepChallenge(attempt.uid, name, begun)
      return begun.challenge
    },

    async submit({ returnUrl, ...input }) {
      const account = await findAttemptAccount(accounts, input.attempt)
      const submission = await submitProof({ ...input, context: contextOf(input.attempt, account, returnUrl) })
      if (submission.outcome !== 'proved') return undefined
      const after = await view(submission.attempt)
      const subject = { accountId: after.account?.id, clientId: input.clientId, origin: input.origin }
      if (after.plan.step === 'enough') {
        await audit.record('sign_in.succeeded', subject, { amr: [...after.plan.amr], acr: after.plan.acr })
      }
      if (after.plan.step === 'refuse') await audit.record('sign_in.refused', subject, { reason: after.plan.reason })
      return after
    },
  }
}
