import { SealError, type Sealer } from '../../platform/seal.ts'

/** What a JWT access token hangs on: when one of these is gone, so is the token. */
export interface Lineage {
  readonly grantId: string
  /** Only for tokens that end with the session. */
  readonly sessionUid?: string | undefined
}

const contextOf = (jti: string) => `access_token:${jti}`

/** Sealed, so that APIs learn nothing from it and cannot tell by it who shares a browser. It opens for this token only. */
export function sealLineage(sealer: Sealer, jti: string, { grantId, sessionUid }: Lineage): string {
  return sealer.seal([grantId, ...(sessionUid ? [sessionUid] : [])].join(' '), contextOf(jti))
}

/** @returns undefined when it is of another token, or was sealed with a key that is no longer configured */
export function openLineage(sealer: Sealer, jti: string, sealed: string): Lineage | undefined {
  try {
    const [grantId = '', sessionUid] = sealer.open(sealed, contextOf(jti)).split(' ')
    return { grantId, sessionUid }
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}
