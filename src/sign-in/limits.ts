import { normaliseIdentifier } from '../accounts/index.ts'
import { limitKey } from '../platform/address.ts'
import type { Units } from '../platform/database/index.ts'
import type { Limiter } from '../platform/limiter.ts'

/** The limiters that guard every proof of every method. */
export interface SignInLimiters {
  readonly byIdentifier: Limiter
  readonly byAddress: Limiter
  /** Second steps of one account, over a long time: whoever gets this far knows a first factor. */
  readonly bySecondStep: Limiter
}

/** What is counted. */
export type LimitedBy = 'identifier' | 'address' | 'second_step'

/** Whether a try may be made. */
export type Reservation =
  | { readonly isAllowed: true }
  | { readonly isAllowed: false; readonly by: LimitedBy; readonly retryAfterSeconds: number }

/** Who is trying. */
export interface Claimant {
  readonly identifier: string | undefined
  readonly address: string | undefined
  /**
   * The account of which something was proved already. Its second steps have counts of their own, or a first proof, which
   * starts the identifier afresh, would give whoever knows the password endless tries at the rest.
   */
  readonly provedAccountId?: string | undefined
}

/** The limits of `submit`: a point is taken before a proof is looked at, so that parallel tries cannot slip through. */
export interface SignInLimits {
  reserve(claimant: Claimant): Promise<Reservation>
  /** The proof held: the identifier starts afresh, the address only gets back what this try took. */
  settle(claimant: Claimant): Promise<void>
  /** The try was never made (no capacity), or was no try at whom it named: everything gets back what it took. */
  giveBack(claimant: Claimant): Promise<void>
}

const identifierKey = ({ identifier, provedAccountId }: Claimant) => {
  if (provedAccountId !== undefined) return `second:${provedAccountId}`
  return identifier === undefined ? undefined : (normaliseIdentifier(identifier) ?? identifier)
}
const addressKey = ({ address }: Claimant) => (address === undefined ? undefined : limitKey(address))

/**
 * Makes the limits of `submit`. Counts per identifier whether or not it has an account (R-37, ASVS 6.3.8). What is given
 * back decides nothing any more: within a unit of work it is kept before that ends, beside everything else.
 */
export function createSignInLimits(
  { byIdentifier, byAddress, bySecondStep }: SignInLimiters,
  units: Pick<Units, 'leave'>,
): SignInLimits {
  const all = (claimant: Claimant) =>
    [
      { by: 'address', limiter: byAddress, key: addressKey(claimant) },
      { by: 'identifier', limiter: byIdentifier, key: identifierKey(claimant) },
      { by: 'second_step', limiter: bySecondStep, key: claimant.provedAccountId },
    ] as const

  return {
    async reserve(claimant) {
      // The address first: an attacker who is stopped by it must not use up somebody else's identifier.
      for (const { by, limiter, key } of all(claimant)) {
        if (key === undefined) continue
        const { isAllowed, retryAfterSeconds } = await limiter.reserve(key)
        if (!isAllowed) return { isAllowed: false, by, retryAfterSeconds }
      }
      return { isAllowed: true }
    },
    settle(claimant) {
      const returned = all(claimant).map(({ by, limiter, key }) => {
        if (key === undefined) return undefined
        return by === 'address' ? limiter.giveBack(key) : limiter.clear(key)
      })
      return units.leave(Promise.all(returned))
    },
    giveBack(claimant) {
      const returned = all(claimant).map(({ limiter, key }) => (key === undefined ? undefined : limiter.giveBack(key)))
      return units.leave(Promise.all(returned))
    },
  }
}
