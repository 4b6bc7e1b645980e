/** The same without what is undefined: BSON and JSON differ in what they make of that. */
export function present<T extends object>(entries: T): T {
  const kept: Partial<T> = {}
  for (const key in entries) if (entries[key] !== undefined) kept[key] = entries[key]
  return kept as T
}
