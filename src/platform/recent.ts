/** What was used lately, in this process. */
export interface Recent<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
}

/**
 * Remembers the `most` values that were used last, and up to as many again of those before: two maps that take turns
 * cost less than keeping an order.
 */
export function createRecent<T>(most: number): Recent<T> {
  let young = new Map<string, T>()
  let old = young

  const set = (key: string, value: T) => {
    if (young.size >= most) [old, young] = [young, new Map()]
    young.set(key, value)
  }

  return {
    set,
    get(key) {
      const value = young.get(key)
      if (value !== undefined) return value
      const before = old.get(key)
      if (before !== undefined) set(key, before)
      return before
    },
  }
}
