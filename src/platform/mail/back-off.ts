const FIRST_MS = 10_000
const LONGEST_MS = 60 * 60 * 1000
/** Up to this share earlier or later, so that what failed together does not come back together. */
const SPREAD = 0.2

/** A mail is given up after this many tries, about seven hours after the first. */
export const MAX_TRIES = 15

/**
 * How long to wait after this many tries, in milliseconds: doubled each time, an hour at most.
 * @param random 0 to 1, where in the spread
 */
export function backOffMs(tries: number, random: number): number {
  const wait = Math.min(FIRST_MS * 2 ** (tries - 1), LONGEST_MS)
  return Math.round(wait * (1 - SPREAD + 2 * SPREAD * random))
}
