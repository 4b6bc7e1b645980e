import assert from 'node:assert/strict'
import type { Connection } from 'mongoose'
import { spellingsOf, toBytes } from './spellings.ts'
import { readWritten } from './written.ts'

/** Below this it is found as a word of its own only, and only if it can be nothing but a code. */
const LONG = 16
const SHORTEST = 6
const CODE = /^[\w-]*\d[\w-]*$/
const JWT = /^[\w-]+\.[\w-]+\.(?<signature>[\w-]+)$/

interface Needle {
  readonly secret: string
  readonly spelling: string
  readonly isWord: boolean
}

/** What ends like a word and is an escaped line break or sign. */
const ESCAPED = /(?:\\[nrt]|%[\dA-F]{2})$/i

/** Whether what stands there is a word of its own. */
function isWordOfItsOwn(text: string, from: number, to: number): boolean {
  const before = text.slice(Math.max(from - 3, 0), from)
  return !/^\w/.test(text.slice(to, to + 1)) && (!/\w$/.test(before) || ESCAPED.test(before))
}

/** Whether a text gives a secret away. Few digits stand in ids and times as well, but not as a word of their own. */
export function givesAway(text: string, secret: string): boolean {
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
    if (secret.length >= LONG || isWordOfItsOwn(text, at, at + secret.length)) return true
  return false
}

/** Finds any number of needles in one pass: there are thousands of them, and megabytes to search. */
class Needles {
  readonly #byStem = new Map<string, Needle[]>()
  readonly #begins = new Uint8Array(1 << 18)

  add(needle: Needle): void {
    const stem = needle.spelling.slice(0, SHORTEST)
    this.#byStem.set(stem, [...(this.#byStem.get(stem) ?? []), needle])
    this.#begins[this.#begin(stem, 0)] = 1
  }

  #begin(text: string, at: number): number {
    return ((text.charCodeAt(at) << 10) ^ (text.charCodeAt(at + 1) << 5) ^ text.charCodeAt(at + 2)) & 0x3ffff
  }

  /** The secrets that this text gives away. */
  findIn(text: string): Set<string> {
    const found = new Set<string>()
    for (let at = 0; at <= text.length - SHORTEST; at += 1) {
      if (this.#begins[this.#begin(text, at)] === 0) continue
      for (const { secret, spelling, isWord } of this.#byStem.get(text.slice(at, at + SHORTEST)) ?? []) {
        if (!text.startsWith(spelling, at)) continue
        if (!isWord || isWordOfItsOwn(text, at, at + spelling.length)) found.add(secret)
      }
    }
    return found
  }
}

/** Everything secret that was shown to anybody, and what it was. */
export class SeenSecrets {
  readonly #seen = new Map<string, string>()
  readonly #kinds = new Set<string>()
  readonly #expected: string[] = []
  readonly #since = new Date()

  /**
   * Remembers secrets of this kind. What is too short to be one is left out; of a JWT its signature counts, without
   * which it is worth nothing.
   */
  keep(kind: string, ...secrets: readonly (string | null | undefined)[]): void {
    for (const given of secrets) {
      const secret = JWT.exec(given ?? '')?.groups?.signature ?? given ?? ''
      const isSecret = secret.length >= LONG || (secret.length >= SHORTEST && CODE.test(secret))
      if (!isSecret) continue
      this.#kinds.add(kind)
      if (!this.#seen.has(secret)) this.#seen.set(secret, kind)
    }
  }

  /** Secrets of these kinds have to be seen before they are searched for: none is forgotten without a notice. */
  expect(kinds: readonly string[]): void {
    this.#expected.push(...kinds)
  }

  /**
   * Where these secrets can be read, in whichever spelling: in the log, or in what a thief of the database holds. That is
   * looked for in everything that was written since these secrets began to be kept, for however short a time it was there.
   * @throws AssertionError when there is little to search, or nothing of an expected kind to search for
   */
  async findIn({ log, connection }: { log: string; connection: Connection }): Promise<string[]> {
    const missing = this.#expected.filter((kind) => !this.#kinds.has(kind))
    assert.deepEqual(missing, [], `what was seen: ${[...this.#kinds].sort().join(', ')}`)
    const written = await readWritten(connection, this.#since)
    const size = [...written.values()].reduce((sum, text) => sum + text.length, 0)
    assert.ok(size > 2000 && log.length > 500, `there was little to search: ${size}, ${log.length}`)
    const needles = this.#needles()
    return [...written, ['the log', toBytes(log)] as const].flatMap(([place, text]) =>
      [...needles.findIn(text)].map((secret) => `${this.#seen.get(secret)} in ${place}`),
    )
  }

  #needles(): Needles {
    const needles = new Needles()
    for (const secret of this.#seen.keys()) {
      const isWord = secret.length < LONG
      for (const spelling of spellingsOf(secret))
        needles.add({ secret, spelling, isWord: isWord && spelling === secret })
    }
    return needles
  }
}
