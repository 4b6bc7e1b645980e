import type { Account, Accounts } from '../accounts/index.ts'
import type { Origin } from '../audit/index.ts'
import { type Assurance, meets } from './assurance.ts'
import { type Attempt, type Attempts, CHOOSING } from './attempt.ts'
import type { Challenge, Choice, MethodContext, SignInMethod } from './method.ts'
import type { MethodEntry } from './methods.ts'
import { type Plan, plan } from './plan.ts'
import type { TrustedDevices } from './trusted-devices.ts'

/** A method in front of the person, and what it asks for. */
export interface CurrentMethod {
  readonly name: string
  /** The form field that a failed proof is about. */
  readonly field?: string | undefined
  readonly challenge?: Challenge | undefined
}

/** A sign-in as its pages need it: where it stands, what comes next, and which method is in front. */
export interface SignInView {
  readonly attempt: Attempt
  /** The account of which something was proved. Whom somebody only names is not looked up to show a page. */
  readonly account: Account | undefined
  readonly plan: Plan
  /** The method to show. One that has to be begun first is shown once its challenge waits for an answer. */
  readonly current: CurrentMethod | undefined
  /** What the methods of the plan are offered as, of those that are more than one thing. */
  readonly choices: Readonly<Record<string, readonly Choice[]>>
  /** Whether everything that the account can prove was proved, so that something may be added to it. */
  readonly mayAdd: boolean
  /** Whether the account trusts this browser, and has a second factor that is not asked for therefore. */
  readonly isTrusted: boolean
  /** Whether trusting this browser would spare the account its second factor: nobody but the account itself asks for it. */
  readonly mayTrust: boolean
}

interface Dependencies {
  readonly accounts: Accounts
  readonly attempts: Attempts
  readonly assurance: Assurance
  readonly entries: readonly MethodEntry[]
  /** Whether an account belongs to an organization whose members need two factors. */
  readonly needsSecondFactor: (accountId: string) => Promise<boolean>
  readonly trustedDevices: Pick<TrustedDevices, 'isOffered' | 'isTrusted'>
}

/** The account that an attempt is about, if there is one: proved, or only named. */
export async function findAttemptAccount(accounts: Accounts, attempt: Attempt): Promise<Account | undefined> {
  const [proof] = attempt.evidence
  if (proof) return accounts.find(proof.accountId)
  return attempt.identifier ? accounts.findByIdentifier(attempt.identifier) : undefined
}

/** Looks at where an attempt stands. */
export function createView({
  accounts,
  attempts,
  assurance,
  entries,
  needsSecondFactor,
  trustedDevices,
}: Dependencies) {
  const methods = entries.flatMap(({ signIn }) => signIn ?? [])
  const enrollable = entries.flatMap(({ enrol }) => enrol ?? [])
  const backups = new Set(enrollable.filter(({ isBackup }) => isBackup).map(({ name }) => name))

  const findOffered = async (account: Account | undefined) => {
    const isOffered = await Promise.all(methods.map((method) => method.available(account)))
    return methods.filter((_, index) => isOffered[index])
  }

  const findCurrent = (attempt: Attempt, names: readonly string[]): CurrentMethod | undefined => {
    if (attempt.method === CHOOSING) return undefined
    const chosen = names.find((name) => name === attempt.method) ?? names[0]
    const method = methods.find(({ name }) => name === chosen)
    if (!method?.begin) return method && { name: method.name, field: method.field }
    // Whoever comes back from another site without an answer chooses again; sending them there once more is a trap.
    if (method.isAnsweredElsewhere) return undefined
    const challenge = attempts.challengeOf(attempt, method.name)
    return challenge && { name: method.name, field: method.field, challenge }
  }

  const findChoices = async (names: readonly string[], account: Account | undefined) => {
    const several = methods.filter(({ name, choices }) => choices && names.includes(name))
    const found = several.map(async ({ name, choices }) => [name, (await choices?.(account)) ?? []] as const)
    return Object.fromEntries(await Promise.all(found))
  }

  /** Something of the account's own that can follow a first proof; a mailbox or a spare code does not ask for itself. */
  const isSecondFactor = ({ name, proves }: SignInMethod) => proves.factors.includes('possession') && !backups.has(name)
  const findWanted = async (account: Account, offered: readonly SignInMethod[]) => {
    const wanted = offered.filter(isSecondFactor).map(async ({ isWanted }) => !isWanted || isWanted(account))
    return (await Promise.all(wanted)).includes(true)
  }

  const isDeviceTrusted = async (accountId: string, { device }: Attempt) =>
    device !== undefined && (await trustedDevices.isTrusted({ accountId, device }))

  /** @param inHand the account, where it was read a moment ago */
  return async (attempt: Attempt, inHand?: Account): Promise<SignInView> => {
    // Until something is proved nobody learns what an account has, or whether there is one: the offer is the same for all.
    const [proof] = attempt.evidence
    const proved = proof && (inHand?.id === proof.accountId ? inHand : await accounts.find(proof.accountId))
    const offered = await findOffered(proved)
    const hasSecondFactor = proved !== undefined && (await findWanted(proved, offered))
    const assured = proved && { roles: proved.roles, needsSecondFactor: await needsSecondFactor(proved.id) }
    const isTrusted = hasSecondFactor && (await isDeviceTrusted(proved.id, attempt))
    const requirement = assurance.requirementFor({ ...attempt, account: assured, hasSecondFactor, isTrusted })
    const ifTrusted = assurance.requirementFor({ ...attempt, account: assured, hasSecondFactor, isTrusted: true })
    const mayTrust = trustedDevices.isOffered && hasSecondFactor && ifTrusted.minimum.factors < 2
    const next = plan({
      identifier: attempt.identifier,
      evidence: attempt.evidence,
      account: proved,
      methods: offered,
      // Another provider's word is no second factor: nobody is asked to add it as one.
      enrollable: enrollable.filter(({ name, proves }) => !backups.has(name) && !proves.factors.includes('delegated')),
      newcomer: attempt.newcomer,
      requirement,
      levels: assurance.levels,
    })
    const current = next.step === 'prove' ? findCurrent(attempt, next.methods) : undefined
    const named = next.step === 'prove' || next.step === 'identify' ? next.methods : []
    const mayAdd = proved !== undefined && meets(requirement.beforeAdding, attempt.evidence)
    return {
      attempt,
      account: proved,
      plan: next,
      current,
      choices: await findChoices(named, proved),
      mayAdd,
      isTrusted,
      mayTrust,
    }
  }
}

/** What a page knows besides the attempt. */
export interface PageContext {
  readonly returnUrlFor: (method: string) => string
  readonly browser: () => string
  readonly clientName?: string | undefined
  readonly locale?: string | undefined
}

/** What a method may know of an attempt. */
export function contextOf(
  method: string,
  { uid, identifier, evidence, isAnew }: Attempt,
  account: Account | undefined,
  { returnUrlFor, ...page }: PageContext,
  origin: Origin,
): MethodContext {
  const isSecondStep = evidence.length > 0
  const proved = evidence.flatMap(({ factors }) => factors)
  return { ...page, uid, origin, identifier, account, isSecondStep, isAnew, proved, returnUrl: returnUrlFor(method) }
}
