import assert from 'node:assert/strict'
import type { Connection } from 'mongoose'

/** Below this it is a word, not a secret. */
const SHORTEST = 16

/** Everything secret that somebody was shown, and what it was. */
export class SeenSecrets {
  readonly #seen = new Map<string, string>()

  /** Remembers secrets of this kind. What is too short to be one is left out. */
  keep(kind: string, ...secrets: readonly (string | null | undefined)[]): void {
    const long = secrets.filter((secret) => secret && secret.length >= SHORTEST)
    for (const secret of long) if (secret && !this.#seen.has(secret)) this.#seen.set(secret, kind)
  }

  /** The kinds that were seen. */
  get kinds(): ReadonlySet<string> {
    return new Set(this.#seen.values())
  }

  /** Where these secrets can be read in clear: in the log, or in what a thief of the database holds. */
  async findIn({ log, connection }: { log: string; connection: Connection }): Promise<string[]> {
    const collections = (await connection.db?.collections()) ?? []
    const documents = await Promise.all(collections.map((collection) => collection.find().toArray()))
    const dump = JSON.stringify(documents)
    assert.ok(dump.length > 2000 && log.length > 500, `there was little to search: ${dump.length}, ${log.length}`)
    return [...this.#seen].flatMap(([secret, kind]) => [
      ...(dump.includes(secret) ? [`${kind} in the database`] : []),
      ...(log.includes(secret) ? [`${kind} in the log`] : []),
    ])
  }
}
