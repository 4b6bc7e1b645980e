// Sign-in: proof that it is them. Owns attempts, methods, credentials and the plan that says when it is enough.
// Knows neither Koa nor the protocol: who asks, and what they get for it, is decided elsewhere.
import type { Connection } from 'mongoose'
import type { Account, Accounts } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import type { PasswordHasher } from '../platform/password-hash.ts'
import type { Sealer } from '../platform/seal.ts'
import { attemptModel } from './attempt.model.ts'
import { type Attempt, type Attempts, createAttempts } from './attempt.ts'
import { createCredentials, credentialModel } from './credentials.ts'
import { createInvitations, type Invitations } from './invitations.ts'
import { createSignInLimits, type SignInLimiters } from './limits.ts'
import type { Challenge, MethodContext, SignInMethod } from './method.ts'
import type { PasswordMethod, PasswordPolicy } from './methods/password/index.ts'
import { createMethods } from './methods.ts'
import { type Plan, plan } from './plan.ts'
import { refusals } from './refusals.ts'
import { createSubmit, findAttemptAccount, type Submission, type SubmitInput } from './submit.ts'

export type { Attempt } from './attempt.ts'
export type { Invitation, Invitations } from './invitations.ts'
export type { Challenge, Evidence, SignInMethod, Verdict } from './method.ts'
export type { PasswordPolicy } from './methods/password/index.ts'
export { ACR_SINGLE_FACTOR, attainableAcrs, type Plan } from './plan.ts'
export type { Submission } from './submit.ts'

/** A sign-in as its pages need it: where it stands and what comes next. */
export interface SignInView {
  readonly attempt: Attempt
  readonly account: Account | undefined
  readonly plan: Plan
}

/** What other rooms can do with sign-in. */
export interface SignIn {
  /** Opens the attempt of this interaction, or finds it again. */
  readonly open: Attempts['open']
  readonly find: Attempts['find']
  /** Looks at where an attempt stands. */
  readonly view: (attempt: Attempt) => Promise<SignInView>
  /** Says who it is, or, with nothing, that it is somebody else. */
  readonly identify: Attempts['identify']
  /** Chooses a method, and makes its challenge. @throws Refusal `sign_in.method_unknown` */
  readonly begin: (
    attempt: Attempt,
    method: string | undefined,
    input: unknown,
    returnUrl: string,
  ) => Promise<Challenge | undefined>
  /** The challenge of the chosen method that waits for an answer. */
  readonly findChallenge: Attempts['findChallenge']
  readonly submit: (input: Omit<SubmitInput, 'context'> & { returnUrl: string }) => Promise<Submission>
  /** The authorization request of an attempt, also when it has expired, for starting again. */
  readonly findRequest: Attempts['findRequest']
  readonly password: Pick<PasswordMethod, 'prepare' | 'set'>
  readonly invitations: Invitations
}

/** What sign-in needs from outside. */
export interface SignInDependencies {
  readonly connection: Connection
  readonly accounts: Accounts
  readonly audit: Audit
  readonly sealer: Sealer
  readonly hasher: PasswordHasher
  readonly limiters: SignInLimiters
  readonly passwordPolicy: PasswordPolicy
  readonly invitationSeconds: number
  /** Further methods, for programs that are built on this room. */
  readonly extraMethods?: readonly SignInMethod[]
  /** Called after a password was set, to tell its owner. */
  readonly onPasswordSet: (account: Account, origin: { address?: string | undefined }) => Promise<void>
}

/** Opens the room. */
export function createSignIn(deps: SignInDependencies): SignIn {
  const { connection, accounts, audit, sealer, hasher, limiters, passwordPolicy } = deps
  const attempts = createAttempts(attemptModel(connection), sealer)
  const credentials = createCredentials(credentialModel(connection))
  const { all, password } = createMethods({ credentials, hasher, passwordPolicy })
  const methods = [...all, ...(deps.extraMethods ?? [])]
  const submit = createSubmit({ attempts, audit, methods, limits: createSignInLimits(limiters) })

  const contextOf = (attempt: Attempt, account: Account | undefined, returnUrl: string): MethodContext => ({
    identifier: attempt.identifier,
    account,
    returnUrl,
  })

  return {
    open: attempts.open,
    find: attempts.find,
    findChallenge: attempts.findChallenge,
    findRequest: attempts.findRequest,
    identify: attempts.identify,
    password,
    invitations: createInvitations({ ...deps, password }),

    async view(attempt) {
      const account = await findAttemptAccount(accounts, attempt)
      const isOffered = await Promise.all(methods.map((method) => method.available(account)))
      const { identifier, evidence } = attempt
      return {
        attempt,
        account,
        plan: plan({ identifier, evidence, account, methods: methods.filter((_, i) => isOffered[i]) }),
      }
    },

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
      return submit({ ...input, context: contextOf(input.attempt, account, returnUrl) })
    },
  }
}
