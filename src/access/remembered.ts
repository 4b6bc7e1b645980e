/** A short list that is asked for all the time and hardly ever changes, kept in this process. */
export interface Remembered<T> {
  read(): Promise<readonly T[]>
  /** The next look is a fresh one. */
  forget(): void
}

const FRESH_MS = 60_000
/** While changes by other processes are not heard of. */
const UNWATCHED_MS = 2000

/** @param isWatched whether `forget` is called for changes by other processes too */
export function remember<T>(list: () => Promise<T[]>, isWatched: () => boolean): Remembered<T> {
  let kept: { readonly items: Promise<readonly T[]>; readonly readAt: number } | undefined
  return {
    read() {
      const isFresh = kept && Date.now() - kept.readAt < (isWatched() ? FRESH_MS : UNWATCHED_MS)
      if (kept && isFresh) return kept.items
      const reading = { items: list(), readAt: Date.now() }
      kept = reading
      // What could not be read is asked for again.
      reading.items.catch(() => {
        if (kept === reading) kept = undefined
      })
      return reading.items
    },
    forget() {
      kept = undefined
    },
  }
}
