import { isIP } from 'node:net'

/** What passkeys are made for, and where they may be used (WebAuthn section 4, relying party identifier). */
export interface RelyingParty {
  /** A host name. Whoever changes it orphans every passkey that was made. */
  readonly id: string
  /** What browsers call us while a passkey is made. */
  readonly name: string
  /** Every origin that a passkey may answer from. The related origins that browsers read are these and no others. */
  readonly origins: readonly string[]
}

/** What an operator says about it. */
export interface RelyingPartyChoice {
  readonly issuer: string
  readonly productName: string
  readonly rpId?: string | undefined
  readonly rpName?: string | undefined
  readonly origins: readonly string[]
}

/**
 * The relying party of this installation: the issuer's host and origin, unless more is said.
 * @returns undefined where the issuer's host is an address and no name: browsers make no passkeys there (WebAuthn section
 *   5.1.3, effective domain)
 */
export function chooseRelyingParty(choice: RelyingPartyChoice): RelyingParty | undefined {
  const { issuer, productName, rpId, rpName, origins } = choice
  const { hostname, origin } = new URL(issuer)
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return undefined
  return { id: rpId ?? hostname, name: rpName ?? productName, origins: [...new Set([origin, ...origins])] }
}
