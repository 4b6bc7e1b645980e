import { createHash, hash } from 'node:crypto'
import { takeRandom } from './random.ts'

/** A new identifier: 128 random bits as 22 characters of base64url. Says nothing and is never used twice. */
export function newId(): string {
  return takeRandom(16).toString('base64url')
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
