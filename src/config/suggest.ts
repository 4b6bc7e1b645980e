/** Edits (insert, delete, replace a character) that lead from one word to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1]
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}

/** ` (did you mean …?)` with the name that was probably meant, or nothing when none is near. */
export function suggest(name: string, candidates: readonly string[]): string {
  if (name.length > 100) return ''
  const near = candidates
    .map((candidate) => ({ candidate, edits: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(candidate.length / 5)))
    .sort((one, other) => one.edits - other.edits)
  return near[0] ? ` (did you mean ${near[0].candidate}?)` : ''
}
