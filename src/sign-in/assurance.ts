import type { Evidence, Factor, Strength } from './method.ts'

/** One authentication context class: its name for relying parties, and the evidence that meets it. */
export interface AssuranceLevel {
  readonly acr: string
  /** Different factors that have to be proved. */
  readonly factors: number
  /** Whether one of the proofs must be one that cannot be phished. */
  readonly isPhishingResistant: boolean
}

/** What a sign-in has to reach. */
export interface Requirement {
  /** The least that will do, whoever asks for it. */
  readonly minimum: AssuranceLevel
  /** What the client would like, best first; reached if the account can, or else done without. */
  readonly wishes: readonly AssuranceLevel[]
}

/** What the `amr` values of our methods prove (RFC 8176 section 2). */
const FACTORS_OF_AMR: Readonly<Record<string, Factor>> = {
  pwd: 'knowledge',
  otp: 'possession',
  sms: 'possession',
  pop: 'possession',
  user: 'inherence',
  mca: 'delegated',
  fed: 'delegated',
}

/** The one proof here that a look-alike site cannot pass on: possession of a key that is bound to our address. */
const PHISHING_RESISTANT = 'pop'

/** How many different factors were proved: somebody else's word counts as a first factor, never beside knowledge. */
export function countFactors(proofs: readonly Strength[]): number {
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

/** What a session is evidence of: its `amr` says what was proved when it was made. */
export function evidenceOfSession(session: { accountId: string; amr: readonly string[]; at: Date }): Evidence {
  const factors = session.amr.flatMap((value) => FACTORS_OF_AMR[value] ?? [])
  return { method: 'session', accountId: session.accountId, factors: [...new Set(factors)], amr: session.amr, at: session.at }
}
