/** How often something is tried, and how long between. */
export interface Patience {
  readonly maxTries: number
  /** The pause after the first try, in milliseconds; it doubles with each one. */
  readonly firstMs: number
  /** No pause is longer. */
  readonly longestMs: number
}

/** Up to this share earlier or later, so that what failed together does not come back together. */
const SPREAD = 0.2

/**
 * How long to wait after this many tries, in milliseconds.
 * @param random 0 to 1, where in the spread
 */
export function backOffMs({ firstMs, longestMs }: Patience, tries: number, random: number): number {
  const wait = Math.min(firstMs * 2 ** (tries - 1), longestMs)
  return Math.round(wait * (1 - SPREAD + 2 * SPREAD * random))
}
