import type { Account } from '../accounts/index.ts'
import { type AssuranceLevel, amrOf, meets, metLevels, type Requirement } from './assurance.ts'
import type { Evidence, SignInMethod, Strength } from './method.ts'

/** What comes next in a sign-in. */
export type Plan =
  | { readonly step: 'identify'; readonly methods: readonly string[] }
  | { readonly step: 'prove'; readonly methods: readonly string[]; readonly isSecondStep: boolean }
  /** More is required than the account can prove: something has to be added first. */
  | { readonly step: 'enrol'; readonly methods: readonly string[] }
  /** Somebody came from elsewhere who is nobody here: make an account, or say that there is one. */
  | { readonly step: 'meet' }
  /** What was proved is enough, and somebody from elsewhere waits to be connected with this account. */
  | { readonly step: 'link'; readonly accountId: string }
  | {
      readonly step: 'enough'
      readonly accountId: string
      readonly acr: string
      readonly amr: readonly string[]
      /** When the person last proved something. */
      readonly at: Date
    }
  | { readonly step: 'refuse'; readonly reason: 'suspended' | 'closed' | 'unattainable' }

/** What a plan needs to know of a method. */
type PlannedMethod = Pick<SignInMethod, 'name' | 'identifies' | 'step' | 'proves'>

/** What a plan is made of. */
export interface PlanInput {
  readonly identifier: string | undefined
  readonly evidence: readonly Evidence[]
  /** The account that the evidence is about. */
  readonly account: Pick<Account, 'id' | 'status'> | undefined
  /** The methods that can be offered, in order. */
  readonly methods: readonly PlannedMethod[]
  /** Methods that could be added to the account now. */
  readonly enrollable: readonly Pick<PlannedMethod, 'name' | 'proves'>[]
  readonly requirement: Requirement
  /** Somebody who proved elsewhere who they are, and is nobody here yet. */
  readonly newcomer?: { readonly hasAccount: boolean } | undefined
  /** Every level there is, weakest first. */
  readonly levels: readonly AssuranceLevel[]
}

const namesOf = (methods: readonly { readonly name: string }[]) => methods.map(({ name }) => name)

/** The `acr` to tell: the best that was met of those the client named, or the best of all. */
function acrToTell({ levels, requirement }: PlanInput, proofs: readonly Evidence[]): string {
  const met = metLevels(levels, proofs)
  const named = met.filter((level) => requirement.wishes.includes(level))
  return (named.at(-1) ?? met.at(-1) ?? requirement.minimum).acr
}

/** The methods that bring these proofs nearer to the level: those that meet it at once first, then those that add to it. */
function leadingTo<M extends { readonly name: string; readonly proves: Strength }>(
  level: AssuranceLevel,
  proofs: readonly Evidence[],
  methods: readonly M[],
): readonly M[] {
  const unused = methods.filter(({ name }) => proofs.every(({ method }) => method !== name))
  return unused.filter(({ proves }) => meets(level, [...proofs, proves]))
}

/** The least that will do: what adding something takes, where somebody from elsewhere is about to be added. */
function leastOf({ requirement: { minimum, beforeAdding }, newcomer, levels }: PlanInput): AssuranceLevel {
  return newcomer && levels.indexOf(beforeAdding) > levels.indexOf(minimum) ? beforeAdding : minimum
}

/** What comes after something was proved for an account in good standing. */
function planFurther(input: PlanInput, accountId: string, proofs: readonly Evidence[]): Plan {
  const { methods, enrollable, requirement } = input
  const { wishes, beforeAdding } = requirement
  const minimum = leastOf(input)
  const isWished = wishes.some((level) => meets(level, proofs))
  const wished = isWished ? undefined : wishes.find((level) => leadingTo(level, proofs, methods).length > 0)
  const isEnough = meets(minimum, proofs)
  if (isEnough && !wished) {
    if (input.newcomer) return { step: 'link', accountId }
    const at = new Date(Math.max(...proofs.map((proof) => proof.at.getTime())))
    return { step: 'enough', accountId, acr: acrToTell(input, proofs), amr: amrOf(proofs), at }
  }
  const target = isEnough && wished ? wished : minimum
  const leading = leadingTo(target, proofs, methods)
  if (leading.length > 0) return { step: 'prove', methods: namesOf(leading), isSecondStep: true }
  const addable = leadingTo(target, proofs, enrollable)
  if (addable.length === 0) return { step: 'refuse', reason: 'unattainable' }
  // Whoever knows the password alone must not add a way in of their own to an account that asks for more.
  const first = meets(beforeAdding, proofs) ? [] : leadingTo(beforeAdding, proofs, methods)
  if (first.length > 0) return { step: 'prove', methods: namesOf(first), isSecondStep: true }
  return { step: 'enrol', methods: namesOf(addable) }
}

/**
 * Decides what comes next, from what is known and nothing else. Counts factors; nobody else does. A second factor follows
 * every first one that needs it, whichever that was.
 * An account's standing is told only to somebody who proved to be its owner.
 */
export function plan(input: PlanInput): Plan {
  const { identifier, evidence, account, methods, newcomer } = input
  const proofs = account ? evidence.filter((proof) => proof.accountId === account.id) : []
  if (account && proofs.length > 0) {
    return account.status === 'active'
      ? planFurther(input, account.id, proofs)
      : { step: 'refuse', reason: account.status }
  }
  if (newcomer && !newcomer.hasAccount && !identifier) return { step: 'meet' }
  const first = methods.filter(({ step }) => step === 'any')
  return identifier
    ? { step: 'prove', methods: namesOf(first), isSecondStep: false }
    : { step: 'identify', methods: namesOf(first.filter((method) => method.identifies)) }
}
