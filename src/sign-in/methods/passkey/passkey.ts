import { createHash } from 'node:crypto'
import { hashSecret } from '../../../platform/ids.ts'
import type { Strength } from '../../method.ts'

/** The method's name, everywhere. */
export const NAME = 'passkey'

/** How long a challenge can be answered. */
export const CHALLENGE_SECONDS = 5 * 60

/** EdDSA, ES256 and RS256 (COSE): what is offered, and nothing else is taken. */
export const ALGORITHMS = [-8, -7, -257]

/** What is kept of a passkey: nothing of it is secret. */
export interface Passkey {
  readonly credentialId: string
  /** COSE, as base64url. */
  readonly publicKey: string
  readonly counter: number
  readonly aaguid: string
  readonly fmt: string
  /** Whether it can leave its device (backup eligible). Never changes for a passkey. */
  readonly isSyncable: boolean
  /** Whether a copy exists elsewhere (backup state). */
  readonly isBackedUp: boolean
  /**
   * Whether its authenticator has verified the person when another factor had been proved. Who finds an authenticator
   * without a PIN could set one and be "verified" by it (WebAuthn section 4, credential record, `uvInitialized`).
   */
  readonly isUserVerified: boolean
  readonly transports: readonly string[]
  /**
   * Made when it was offered after a sign-in by password: a faster way in, and no wish for a second step after every
   * password from now on.
   */
  readonly isShortcut: boolean
  /** Which relying party it was made for. */
  readonly rpId: string
}

const PROVES_POSSESSION: Strength = { factors: ['possession'], amr: ['pop'] }

/** At best: something the person has, and something they know or are, checked by the device. */
export const PROVES: Strength = { factors: ['possession', 'inherence'], amr: ['pop', 'user'] }

/** What using it proved. */
export const strengthOf = (isUserVerified: boolean): Strength => (isUserVerified ? PROVES : PROVES_POSSESSION)

/** What a passkey is found by: credential ids can be longer than a key of the database may be. */
export const handleOf = (credentialId: string): string => hashSecret(credentialId)

/** The user handle of an account: 32 bytes that say nothing about the person, and are not what apps call them. */
export function userHandleOf(accountId: string): string {
  return createHash('sha256').update(`passkey user handle:${accountId}`).digest('base64url')
}

/** Bytes as the library takes them. */
export const toBytes = (base64url: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(base64url, 'base64url'))
