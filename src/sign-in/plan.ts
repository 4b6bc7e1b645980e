import type { Account } from '../accounts/index.ts'
import type { Evidence, SignInMethod } from './method.ts'

/** The one authentication context class there is so far: one factor, whichever. */
const ACR_SINGLE_FACTOR = 'urn:gatehouse:acr:single-factor'

/** Every class that a sign-in here can reach, weakest first. */
export const attainableAcrs: readonly string[] = [ACR_SINGLE_FACTOR]

/** What comes next in a sign-in. */
export type Plan =
  | { readonly step: 'identify'; readonly methods: readonly string[] }
  | { readonly step: 'prove'; readonly methods: readonly string[] }
  | { readonly step: 'enough'; readonly accountId: string; readonly acr: string; readonly amr: readonly string[] }
  | { readonly step: 'refuse'; readonly reason: 'suspended' | 'closed' }

/** What a plan is made of. */
export interface PlanInput {
  readonly identifier: string | undefined
  readonly evidence: readonly Evidence[]
  /** The account that the evidence is about, or that the identifier names. */
  readonly account: Pick<Account, 'id' | 'status'> | undefined
  /** The methods that can be offered, in order. */
  readonly methods: readonly Pick<SignInMethod, 'name' | 'identifies'>[]
}

/**
 * Decides what comes next, from what is known and nothing else. Counts factors; nobody else does.
 * An account's standing is told only to somebody who proved to be its owner.
 */
export function plan({ identifier, evidence, account, methods }: PlanInput): Plan {
  const proofs = account ? evidence.filter((proof) => proof.accountId === account.id) : []
  if (account && proofs.length > 0) {
    if (account.status !== 'active') return { step: 'refuse', reason: account.status }
    const amr = [...new Set(proofs.flatMap((proof) => proof.amr))]
    return { step: 'enough', accountId: account.id, acr: ACR_SINGLE_FACTOR, amr }
  }
  if (!identifier) {
    return { step: 'identify', methods: methods.filter((method) => method.identifies).map(({ name }) => name) }
  }
  return { step: 'prove', methods: methods.map(({ name }) => name) }
}
