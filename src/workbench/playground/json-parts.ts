/** A piece of JSON text, and what it is: pages show each in its own colour. */
export interface JsonPart {
  readonly kind: 'name' | 'text' | 'value' | 'plain'
  readonly text: string
}

const PIECE = /(?<name>"(?:\\.|[^"\\])*")(?=\s*:)|(?<text>"(?:\\.|[^"\\])*")|(?<value>true|false|null|-?\d[\d.eE+-]*)/g

/** Splits JSON into its pieces; put together they are the same text. What is no JSON stays in one piece. */
export function jsonParts(json: string): JsonPart[] {
  if (!/^\s*[{[]/.test(json)) return [{ kind: 'plain', text: json }]
  const parts: JsonPart[] = []
  let end = 0
  for (const { 0: text, index, groups = {} } of json.matchAll(PIECE)) {
    if (index > end) parts.push({ kind: 'plain', text: json.slice(end, index) })
    const kind = (['name', 'text', 'value'] as const).find((candidate) => groups[candidate] !== undefined) ?? 'plain'
    parts.push({ kind, text })
    end = index + text.length
  }
  return [...parts, { kind: 'plain', text: json.slice(end) }]
}
