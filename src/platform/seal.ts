import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { takeRandom } from './random.ts'

/** What is sealed cannot be opened: another key, another context, or changed on the way. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

/** Encryption at rest, with keys that can be changed. */
export interface Sealer {
  /** Seals with the first key. `context` says what it is and whose, and must be the same when it is opened. */
  seal(plain: string, context: string): string
  /** @throws SealError */
  open(sealed: string, context: string): string
  /** The ids of the keys, the one that seals first. They tell nothing of the keys. */
  readonly keyIds: readonly string[]
  /** Where in a sealed value the id of its key begins. */
  readonly keyIdAt: number
  /** Matches what was sealed with the first key. */
  readonly sealedByFirst: RegExp
  /** A secret (256 bits, base64url) that only who has our keys can make of this text; by each key, the first one first. */
  derive(text: string, context: string): readonly [string, ...string[]]
}

const VERSION = 'v1'
const IV_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32

/** Marks a key that was made for developing and trying. */
export const DEVELOPMENT_PREFIX = 'development-'

/** The bytes of a configured key (32 bytes as base64url), or undefined when it is not one. */
export function parseSealingKey(key: string): Buffer | undefined {
  const bytes = Buffer.from(key.replace(DEVELOPMENT_PREFIX, ''), 'base64url')
  return bytes.length === KEY_BYTES ? bytes : undefined
}

const textOf = (keyId: string, iv: Buffer, body: Buffer) =>
  `${VERSION}.${keyId}.${iv.toString('base64url')}.${body.toString('base64url')}`

/**
 * AES-256-GCM with the context as additional data: a sealed value cannot be moved to another record.
 * Written as `v1.<key id>.<iv>.<ciphertext and tag>`.
 * @param keys 32 bytes each, base64url; the first seals, all open
 * @throws SealError when there is no key, or one has another length
 */
export function createSealer(keys: readonly string[]): Sealer {
  const ring = keys.map((key) => {
    const bytes = parseSealingKey(key)
    if (!bytes) throw new SealError('a sealing key must be 32 bytes as base64url')
    return {
      key: createSecretKey(bytes),
      id: createHash('sha256').update('key id').update(bytes).digest('base64url').slice(0, 8),
      // Sealing and deriving never use the same key.
      derivingKey: createSecretKey(Buffer.from(hkdfSync('sha256', bytes, '', 'derive', KEY_BYTES))),
    }
  })
  const [first] = ring
  if (!first) throw new SealError('there is no key to seal with')

  return {
    seal(plain, context) {
      const iv = takeRandom(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', first.key, iv).setAAD(Buffer.from(context))
      const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return textOf(first.id, iv, sealed)
    },
    open(sealed, context) {
      const [version, keyId, iv = '', body = ''] = sealed.split('.')
      const [ivBytes, bytes] = [Buffer.from(iv, 'base64url'), Buffer.from(body, 'base64url')]
      // Other letters may stand for the same bytes. What was sealed is one text, and no other one opens.
      const isExact = textOf(String(keyId), ivBytes, bytes) === sealed
      if (version !== VERSION || !isExact || bytes.length < TAG_BYTES) throw new SealError('not a sealed value')
      const known = ring.find(({ id }) => id === keyId)
      if (!known) throw new SealError('sealed with a key that is not configured')
      try {
        const tag = bytes.subarray(bytes.length - TAG_BYTES)
        const decipher = createDecipheriv('aes-256-gcm', known.key, ivBytes, { authTagLength: TAG_BYTES })
        decipher.setAAD(Buffer.from(context)).setAuthTag(tag)
        return decipher.update(bytes.subarray(0, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      } catch (cause) {
        throw new SealError('changed, or sealed for something else', { cause })
      }
    },
    keyIds: ring.map(({ id }) => id),
    keyIdAt: VERSION.length + 1,
    sealedByFirst: new RegExp(`^${VERSION}\\.${first.id}\\.`),
    derive(text, context) {
      const by = (key: KeyObject) => createHmac('sha256', key).update(`${context}\0${text}`).digest('base64url')
      return [by(first.derivingKey), ...ring.slice(1).map(({ derivingKey }) => by(derivingKey))]
    },
  }
}
