import { hashSecret } from '../../../platform/ids.ts'
import type { NewCredential } from '../../credentials.ts'
import type { Strength } from '../../method.ts'
import type { UpstreamIdentity, UpstreamProvider } from './provider.ts'

/** What is kept of an account elsewhere. */
export interface UpstreamSecret {
  readonly provider: string
  readonly issuer: string
  readonly subject: string
}

/** The method's name. */
export const NAME = 'upstream'

/** What a provider's word is worth: that of one factor, which is none of ours (RFC 8176 has no value for it; `fed` is usual). */
export const PROVES: Strength = { factors: ['delegated'], amr: ['fed'] }

/** What it is worth where the operator believes it that somebody proved two factors there. */
const TRUSTED: Strength = { factors: ['delegated', 'possession'], amr: ['fed', 'mfa'] }

/** What an identity is found by: issuer and subject, never the e-mail address. */
export const handleOf = ({ issuer, subject }: Pick<UpstreamIdentity, 'issuer' | 'subject'>) =>
  hashSecret(JSON.stringify([issuer, subject]))

/** What is kept of it in an account. */
export function toCredential(
  { issuer, subject, email, name }: UpstreamIdentity,
  { id, label }: UpstreamProvider,
): NewCredential {
  const who = email ?? name
  const secret: UpstreamSecret = { provider: id, issuer, subject }
  return {
    name: (who ? `${label} (${who})` : label).slice(0, 100),
    handle: handleOf({ issuer, subject }),
    secret,
  }
}

/** What this proof is worth. */
export const strengthOf = ({ said }: UpstreamIdentity, { trusts }: UpstreamProvider): Strength =>
  said.some((value) => trusts.includes(value)) ? TRUSTED : PROVES
