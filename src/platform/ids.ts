import { createHash, hash } from 'node:crypto'
import { takeRandom } from './random.ts'

/**
 * A new identifier: 128 random bits as 22 characters of base64url. Says nothing and is never used twice. None begins with
 * a `-`: a command would take it for an option.
 */
export function newId(): string {
  const id = takeRandom(16).toString('base64url')
  return id.startsWith('-') ? newId() : id
}

let latestMs = 0
let madeInIt = 0

/** A new identifier that sorts after those made before: milliseconds, a count, and 64 random bits, as hexadecimal. */
export function newOrderedId(): string {
  const now = Date.now()
  // A clock that was set back does not make ids that are older than what they name.
  if (now > latestMs) [latestMs, madeInIt] = [now, 0]
  else madeInIt += 1
  const count = madeInIt.toString(16).padStart(6, '0')
  return `${latestMs.toString(16).padStart(12, '0')}${count}${takeRandom(8).toString('hex')}`
}

/** Sorts before all ordered identifiers that are made from this time on, and after those made earlier. */
export function orderedIdAt(at: Date): string {
  return at.getTime().toString(16).padStart(12, '0')
}

/** The identifier that belongs to this secret: always the same one, and nobody else can tell which. */
export function idFor(secret: string): string {
  return createHash('sha256').update(secret).digest().subarray(0, 16).toString('base64url')
}

/** A new bearer secret, `bytes` (32: 256 bits) from the system's generator, as base64url. */
export function newSecret(bytes = 32): string {
  return takeRandom(bytes).toString('base64url')
}

/** What is stored instead of a bearer secret. One SHA-256 is enough for what is random; never use it for passwords. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url')
}
