// Sign-in: proof that it is them. Owns attempts, methods, credentials and the plan that says when it is enough.
// Knows neither Koa nor the protocol: who asks, and what they get for it, is decided elsewhere.
import type { Connection, Model } from 'mongoose'
import type { Account, Accounts } from '../accounts/index.ts'
import { normaliseIdentifier } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import type { Gatherings } from '../platform/database/index.ts'
import type { Sealer } from '../platform/seal.ts'
import { type Assurance, type AssurancePolicy, createAssurance } from './assurance.ts'
import { attemptModel } from './attempt.model.ts'
import { type Attempt, type Attempts, createAttempts } from './attempt.ts'
import { type BeginInput, beginOnShow, createBegin } from './begin.ts'
import { credentialModel } from './credentials.model.ts'
import { createCredentials } from './credentials.ts'
import { createEnrolling, type Enrolling, type Settle } from './enrolling.ts'
import { enrolmentModel } from './enrolment.model.ts'
import { type ChangedCredential, type CredentialChange, createEnrolment, type Enrolment } from './enrolment.ts'
import { createInvitations, type Invitations } from './invitations.ts'
import { createSignInLimits, type SignInLimiters } from './limits.ts'
import type { Challenge } from './method.ts'
import type { LinkMailbox } from './methods/magic-link/index.ts'
import type { RelyingParty } from './methods/passkey/index.ts'
import type { PasswordDependencies } from './methods/password/index.ts'
import type { Texting } from './methods/sms-code/index.ts'
import type { UpstreamProvider, UpstreamReturn } from './methods/upstream/index.ts'
import { createMethods, type MethodEntry } from './methods.ts'
import { createNewcomers, type Newcomers } from './newcomers.ts'
import { createPasswords, type OnPasswordSet, type Passwords } from './passwords.ts'
import { createReady, type Ready } from './ready.ts'
import { createSendLimits, type SendLimiters } from './sending.ts'
import { shortcutModel } from './shortcut.model.ts'
import { createShortcut, type Shortcut } from './shortcut.ts'
import { createReprove, createSubmit, type SubmitInput } from './submit.ts'
import type { TrustedDevices } from './trusted-devices.ts'
import { contextOf, createView, findAttemptAccount, type PageContext, type SignInView } from './view.ts'

export {
  type Assurance,
  type AssurancePolicy,
  acrValuesOf,
  evidenceOfSession,
  oneFactorOf,
  SESSION_EVIDENCE,
} from './assurance.ts'
export type { Attempt } from './attempt.ts'
export type { EnrolmentChallenge } from './enrollable.ts'
export type { Enrolment } from './enrolment.ts'
export type { Invitation, Invitations } from './invitations.ts'
export type { SignInLimiters } from './limits.ts'
export type { Challenge, Strength } from './method.ts'
export type { LinkMailbox } from './methods/magic-link/index.ts'
export { chooseRelyingParty, type RelyingParty } from './methods/passkey/index.ts'
export { choosePolicy, createBreachCheck, type PreparedPassword } from './methods/password/index.ts'
export type { TextAbout } from './methods/sms-code/index.ts'
export { createProviders, type UpstreamReturn } from './methods/upstream/index.ts'
export type { MethodEntry } from './methods.ts'
export type { Newcomers } from './newcomers.ts'
export type { Passwords } from './passwords.ts'
export type { Plan } from './plan.ts'
export type { SendLimiters } from './sending.ts'
export { createTrustedDevices, type TrustedDevices } from './trusted-devices.ts'
export type { PageContext, SignInView } from './view.ts'

/** What other rooms can do with sign-in. */
export interface SignIn extends Enrolling {
  /** Opens the attempt of this interaction, or finds it again. */
  readonly open: Ready['open']
  readonly find: Attempts['find']
  /** Looks at where an attempt stands. */
  readonly view: (attempt: Attempt) => Promise<SignInView>
  /** Begins what costs nothing to begin and is about to be shown, so that its page can answer. */
  readonly ready: Ready['ready']
  /**
   * Says who it is. What cannot be an identifier is kept for correcting, with a notice.
   * @returns the attempt as it is from then on; undefined when there is none
   */
  readonly identify: (attempt: Pick<Attempt, 'uid'>, typed: string) => Promise<Attempt | undefined>
  /** It is somebody else: everything said and proved so far is forgotten. */
  readonly forget: (attempt: Attempt) => Promise<void>
  /** Goes back to choosing a method. */
  readonly choose: (attempt: Attempt) => Promise<void>
  /** Chooses a method, and makes its challenge. @throws Refusal `sign_in.method_unknown` */
  readonly begin: (input: BeginInput) => Promise<Challenge | undefined>
  /** Hands in a proof. What came of it is in the attempt's next view. @throws Refusal as `submit.ts` says */
  readonly submit: (
    input: Omit<SubmitInput, 'context'> & { readonly page: PageContext },
  ) => Promise<SignInView | undefined>
  /** How people come back to this method: by a button on a page of ours, or with the answer in the address. */
  readonly returnOf: (method: string) => 'button' | 'answer' | undefined
  /** The authorization request of an attempt, also when it has expired, for starting again. */
  readonly findRequest: Attempts['findRequest']
  /** The session whose evidence this sign-in opened with is over. @returns whether it did */
  readonly forgetSession: Attempts['forgetSession']
  readonly assurance: Assurance
  readonly enrolment: Enrolment
  readonly shortcut: Shortcut
  readonly password: Passwords
  /** Browsers in which an account's own second factor is not asked for again. */
  readonly trustedDevices: TrustedDevices
  readonly invitations: Invitations
  readonly newcomers: Newcomers
  /** Where other providers lead back to. */
  readonly upstream: UpstreamReturn
  /** Keeps what passkeys are made for. @returns what it was before, if that was another: those passkeys are orphaned */
  readonly rememberRpId: () => Promise<string | undefined>
}

/** What sign-in needs from outside. */
export interface SignInDependencies {
  readonly connection: Connection
  readonly gatherings: Gatherings
  readonly accounts: Accounts
  readonly audit: Audit
  readonly sealer: Sealer
  readonly limiters: SignInLimiters
  readonly sending: SendLimiters
  readonly assurancePolicy: AssurancePolicy
  /** Whether an account belongs to an organization whose members need two factors. */
  readonly needsSecondFactor: (accountId: string) => Promise<boolean>
  readonly password: Omit<PasswordDependencies, 'credentials'>
  /** Without it there are no passkeys. */
  readonly relyingParty: RelyingParty | undefined
  readonly invitationSeconds: number
  readonly productName: string
  readonly issuer: string
  /** Other providers whose accounts people can sign in with. */
  readonly providers: readonly UpstreamProvider[]
  /** The provider that an organization names for people of its domain. */
  readonly findProviderOf: (domain: string) => Promise<string | undefined>
  readonly linkMailbox: LinkMailbox
  /** How codes leave by text message; without it there are none. */
  readonly texting?: Texting | undefined
  /** Called after a recovery code was used up, to tell its owner. */
  readonly onRecoveryCodeUsed: (account: Account, left: number) => Promise<void>
  /** Further methods, for programs that are built on this room. */
  readonly extraMethods?: readonly MethodEntry[] | undefined
  readonly onPasswordSet: OnPasswordSet
  readonly trustedDevices: TrustedDevices
  /** Called after an account began to trust a browser, to tell its owner. */
  readonly onBrowserTrusted: (account: Account, origin: Origin) => Promise<void>
  /** Called after a credential was added, renamed or removed, to tell its owner. */
  readonly onCredentialChanged: (
    account: Account,
    change: CredentialChange,
    which: ChangedCredential,
    origin: Origin,
  ) => Promise<void>
}

/**
 * Trust in browsers ends when the ways to sign in change: whoever has one of them may be why. Of its beginning the owner is
 * told, since it takes a step away.
 */
function trustAlong({ trustedDevices, ...told }: SignInDependencies) {
  return {
    trustedDevices: {
      ...trustedDevices,
      async trust(which, name, origin) {
        await trustedDevices.trust(which, name, origin)
        const account = await told.accounts.find(which.accountId)
        if (account) await told.onBrowserTrusted(account, origin)
      },
    } satisfies TrustedDevices,
    onPasswordSet: (async (account, origin, via) => {
      await trustedDevices.revokeAll(account.id, 'password set', origin)
      await told.onPasswordSet(account, origin, via)
    }) satisfies OnPasswordSet,
    onCredentialChanged: (async (account, change, which, origin) => {
      if (change !== 'renamed') await trustedDevices.revokeAll(account.id, `credential ${change}`, origin)
      await told.onCredentialChanged(account, change, which, origin)
    }) satisfies SignInDependencies['onCredentialChanged'],
  }
}

/** Opens the room. */
export function createSignIn(deps: SignInDependencies): SignIn {
  const { connection, gatherings, accounts, audit, sealer, limiters, sending } = deps
  const { units } = gatherings
  const kept = <T extends { _id: string }>(model: Model<T>) => ({ model, gathered: gatherings.of(model), sealer })
  const attempts = createAttempts(kept(attemptModel(connection)))
  const credentials = createCredentials({ ...kept(credentialModel(connection)), units })
  const made = createMethods({ ...deps, credentials, password: { ...deps.password, credentials } })
  const trusting = trustAlong(deps)
  const entries = [...made.entries, ...(deps.extraMethods ?? [])]
  const methods = entries.flatMap(({ signIn }) => signIn ?? [])
  const assurance = createAssurance(deps.assurancePolicy)
  const view = createView({ ...deps, attempts, assurance, entries })
  const enrollable = entries.flatMap(({ enrol }) => enrol ?? [])
  const reserveSend = createSendLimits(sending, [...methods, ...enrollable])
  const begin = createBegin({ accounts, attempts, audit, methods, reserveSend })
  const limits = createSignInLimits(limiters, units)
  const submitProof = createSubmit({ attempts, audit, methods, limits })
  const reprove = createReprove({ audit, methods, limits })
  const password = createPasswords({ ...deps, ...trusting, attempts, credentials, method: made.password, reprove })
  const enrolment = createEnrolment({
    model: enrolmentModel(connection),
    sealer,
    credentials,
    audit,
    enrollable,
    reserveSend,
    hasWayIn: async (account) => {
      const first = methods.filter(({ step }) => step === 'any')
      return (await Promise.all(first.map((method) => method.available(account)))).includes(true)
    },
    onChanged: trusting.onCredentialChanged,
  })

  const settle: Settle = async (attempt, { origin, clientId, account, proof }) => {
    const after = await view(attempt, account).finally(
      // Told whatever comes of looking, and at the same moment as what it leads to: one command carries both.
      () => proof && audit.record('sign_in.proved', proof.subject, proof.detail),
    )
    const subject = { accountId: after.account?.id, clientId, origin }
    if (after.plan.step === 'enough')
      await audit.record('sign_in.succeeded', subject, { amr: [...after.plan.amr], acr: after.plan.acr })
    if (after.plan.step === 'refuse') await audit.record('sign_in.refused', subject, { reason: after.plan.reason })
    return after
  }

  return {
    find: attempts.find,
    findRequest: attempts.findRequest,
    forgetSession: attempts.forgetSession,
    returnOf(name) {
      const method = methods.find((candidate) => candidate.name === name)
      return method?.begin && (method.isAnsweredElsewhere ? 'answer' : 'button')
    },
    password,
    trustedDevices: trusting.trustedDevices,
    rememberRpId: made.rememberRpId,
    invitations: createInvitations({ ...deps, password }),
    assurance,
    enrolment,
    newcomers: createNewcomers({ accounts, attempts, audit, enrolment, view, settle }),
    upstream: made.upstreamReturn,
    shortcut: createShortcut({ model: shortcutModel(connection), credentials, enrolment, audit }),
    view,
    begin,
    ...createReady({ attempts, methods, view, begin, beginOnShow }),
    ...createEnrolling({ attempts, enrolment, view, settle }),

    identify: ({ uid }, typed) =>
      normaliseIdentifier(typed)
        ? attempts.identify(uid, typed.trim())
        : attempts.notify(uid, { reason: 'identifier_invalid' }, typed),
    forget: async ({ uid }) => void (await attempts.identify(uid, undefined)),
    choose: (attempt) => attempts.choose(attempt.uid, undefined),

    async submit({ page, ...input }) {
      const account = await findAttemptAccount(accounts, input.attempt)
      const submission = await submitProof({
        ...input,
        context: contextOf(input.method, input.attempt, account, page, input.origin),
      })
      if (submission.outcome !== 'proved') return undefined
      const { clientId, origin } = input
      return settle(submission.attempt, { clientId, origin, account, proof: submission.proof })
    },
  }
}
