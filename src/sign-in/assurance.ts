import type { Account } from '../accounts/index.ts'
import type { Evidence, Factor, Strength } from './method.ts'

/** One authentication context class: its name for relying parties, and the evidence that meets it. */
export interface AssuranceLevel {
  readonly acr: string
  /** Different factors that have to be proved. */
  readonly factors: number
  /** Whether one of the proofs must be one that cannot be phished. */
  readonly isPhishingResistant: boolean
}

/** The table of context classes, and when a second factor is asked for. */
export interface AssurancePolicy {
  /** The `acr` values of each class; the first is the one that is told. */
  readonly oneFactor: readonly string[]
  readonly twoFactor: readonly string[]
  readonly phishingResistant: readonly string[]
  readonly secondFactor: 'never' | 'when-enrolled' | 'always'
  readonly secondFactorRoles: readonly string[]
}

/** What a sign-in has to reach. */
export interface Requirement {
  /** The least that will do, whoever asks for it. */
  readonly minimum: AssuranceLevel
  /** What the client would like, best first; reached if the account can, or else done without. */
  readonly wishes: readonly AssuranceLevel[]
  /** What has to be proved before something is added to the account: as much as it can prove already. */
  readonly beforeAdding: AssuranceLevel
}

/** What the policy looks at of an account. */
export interface AssuredAccount extends Pick<Account, 'roles'> {
  /** Whether it belongs to an organization whose members need two factors. */
  readonly needsSecondFactor: boolean
}

/** Every `acr` value that can be reached by this table, strongest first. */
export function acrValuesOf(
  table: Pick<AssurancePolicy, 'oneFactor' | 'twoFactor' | 'phishingResistant'>,
): readonly string[] {
  return [...table.phishingResistant, ...table.twoFactor, ...table.oneFactor]
}

/** What `amr` values prove (RFC 8176 section 2): those of our methods, and those that further ones would use. */
const FACTORS_OF_AMR: Readonly<Record<string, Factor>> = {
  pwd: 'knowledge',
  pin: 'knowledge',
  kba: 'knowledge',
  otp: 'possession',
  sms: 'possession',
  pop: 'possession',
  hwk: 'possession',
  swk: 'possession',
  user: 'inherence',
  face: 'inherence',
  fpt: 'inherence',
  mca: 'delegated',
  fed: 'delegated',
}

/** The one proof here that a look-alike site cannot pass on: possession of a key that is bound to our address. */
const PHISHING_RESISTANT = 'pop'

/** How many different factors were proved: somebody else's word counts as a first factor, never beside knowledge. */
function countFactors(proofs: readonly Strength[]): number {
  const kinds = new Set(proofs.flatMap(({ factors }) => factors))
  if (kinds.has('knowledge')) kinds.delete('delegated')
  return kinds.size
}

/** Whether these proofs, taken together, meet this level. */
export function meets(level: AssuranceLevel, proofs: readonly Strength[]): boolean {
  const isResistant = proofs.some(({ amr }) => amr.includes(PHISHING_RESISTANT))
  return countFactors(proofs) >= level.factors && (isResistant || !level.isPhishingResistant)
}

/** The levels that these proofs meet, weakest first. */
export function metLevels(levels: readonly AssuranceLevel[], proofs: readonly Strength[]): readonly AssuranceLevel[] {
  return levels.filter((level) => meets(level, proofs))
}

/** The `amr` of these proofs; more than one factor is said as well (RFC 8176 section 2, `mfa`). */
export function amrOf(proofs: readonly Strength[]): string[] {
  const amr = proofs.flatMap((proof) => proof.amr).filter((value) => value !== 'mfa')
  return [...new Set([...amr, ...(countFactors(proofs) > 1 ? ['mfa'] : [])])]
}

/** Stands in evidence where a method would: it was proved when the session was made, and is worth nothing without it. */
export const SESSION_EVIDENCE = 'session'

/** What a session is evidence of: its `amr` says what was proved when it was made. */
export function evidenceOfSession(session: { accountId: string; amr: readonly string[]; at: Date }): Evidence {
  const { amr } = session
  const known = amr.flatMap((value) => FACTORS_OF_AMR[value] ?? [])
  // Another provider that is believed to have asked for two factors is all that says so.
  const factors: Factor[] = amr.includes('fed') && amr.includes('mfa') ? [...known, 'possession'] : known
  return {
    method: SESSION_EVIDENCE,
    accountId: session.accountId,
    factors: [...new Set(factors)],
    amr: session.amr,
    at: session.at,
  }
}

/**
 * What is left of these proofs when time has passed: one factor of them, the one that wears off least. A key that cannot
 * be phished is not among it: that it was there says nothing of whether it is.
 */
export function oneFactorOf(amr: readonly string[]): string[] {
  const rest = amr.filter((value) => value !== PHISHING_RESISTANT && FACTORS_OF_AMR[value] !== undefined)
  const order: readonly Factor[] = ['knowledge', 'delegated', 'inherence', 'possession']
  const kept = order.find((factor) => rest.some((value) => FACTORS_OF_AMR[value] === factor))
  return rest.filter((value) => FACTORS_OF_AMR[value] === kept)
}

/** Levels and policy, for planning sign-ins and for looking at sessions. */
export interface Assurance {
  /** Every level, weakest first; of several names for one level the one that is told comes last. */
  readonly levels: readonly AssuranceLevel[]
  /** Every `acr` value that can be reached here. */
  readonly acrValues: readonly string[]
  /** The strongest of these, by name; names nobody knows are passed over. */
  strongest(acrs: readonly (string | undefined)[]): string | undefined
  /** The weakest of these, by name. */
  weakest(acrs: readonly string[]): string | undefined
  /** Whether a session with this `amr` meets the level of this name. */
  isMet(acr: string, amr: readonly string[]): boolean
  /** The least that this account has to prove, whoever asks. */
  minimumFor(account: AssuredAccount, hasSecondFactor: boolean): string
  /** What a sign-in has to reach for this account. */
  requirementFor(wanted: {
    minimumAcr?: string | undefined
    wishedAcrs: readonly string[]
    account: AssuredAccount | undefined
    hasSecondFactor: boolean
    /** Whether the account trusts this browser: then having a second factor is no reason to ask for it. */
    isTrusted?: boolean
  }): Requirement
}

/** Levels and policy from the configuration. */
export function createAssurance(policy: AssurancePolicy): Assurance {
  const { secondFactor, secondFactorRoles } = policy
  const toLevels = (acrs: readonly string[], factors: number, isPhishingResistant: boolean) =>
    acrs.map((acr) => ({ acr, factors, isPhishingResistant })).reverse()
  const levels = [
    ...toLevels(policy.oneFactor, 1, false),
    ...toLevels(policy.twoFactor, 2, false),
    ...toLevels(policy.phishingResistant, 2, true),
  ]
  const [weakestLevel] = levels
  if (!weakestLevel) throw new Error('there is no level of assurance')
  const named = (acrs: readonly (string | undefined)[]) => levels.filter(({ acr }) => acrs.includes(acr))
  const primary = (acrs: readonly string[]) => acrs[0] ?? weakestLevel.acr
  const find = (acr: string | undefined) => levels.find((level) => level.acr === acr)

  const minimumFor: Assurance['minimumFor'] = ({ roles, needsSecondFactor }, hasSecondFactor) => {
    const isNeeded =
      secondFactor === 'always' ||
      needsSecondFactor ||
      (secondFactor === 'when-enrolled' && hasSecondFactor) ||
      roles.some((role) => secondFactorRoles.includes(role))
    return primary(isNeeded ? policy.twoFactor : policy.oneFactor)
  }

  return {
    levels,
    acrValues: acrValuesOf(policy),
    strongest: (acrs) => named(acrs).at(-1)?.acr,
    weakest: (acrs) => named(acrs).at(0)?.acr,
    isMet(acr, amr) {
      const level = find(acr)
      return level !== undefined && meets(level, [evidenceOfSession({ accountId: '', amr, at: new Date(0) })])
    },
    minimumFor,
    requirementFor({ minimumAcr, wishedAcrs, account, hasSecondFactor, isTrusted = false }) {
      const ofAccount = account && minimumFor(account, hasSecondFactor && !isTrusted)
      return {
        minimum: named([minimumAcr, ofAccount]).at(-1) ?? weakestLevel,
        wishes: wishedAcrs.flatMap((acr) => find(acr) ?? []),
        beforeAdding: (hasSecondFactor ? find(policy.twoFactor[0]) : undefined) ?? weakestLevel,
      }
    },
  }
}
