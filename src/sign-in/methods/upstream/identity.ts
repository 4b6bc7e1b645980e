import { hashSecret } from '../../../platform/ids.ts'
import type { Credential, NewCredential } from '../../credentials.ts'
import type { Strength } from '../../method.ts'
import { UpstreamError, type UpstreamIdentity, type UpstreamProvider, type UpstreamRequest } from './provider.ts'

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

/** OpenID Connect Core section 2 allows 255; some providers are more generous. */
const MAX_SUBJECT = 500
const MAX_EMAIL = 254
const MAX_NAME = 200
/** How long ago a proof may be that was asked for anew: the clocks, and the way back. */
const ANEW_MS = 5 * 60 * 1000

/** What people wrote about themselves over there, fit to be shown. */
function tidy(text: string | undefined, maxLength: number): string | undefined {
  const shown = text
    ?.normalize('NFC')
    .replace(/\p{Cc}/gu, '')
    .trim()
  return shown && shown.length <= maxLength ? shown : undefined
}

/** Looks at what a provider says of a person before it is used. @throws UpstreamError */
export function check(identity: UpstreamIdentity, { isAnew }: Pick<UpstreamRequest, 'isAnew'>): UpstreamIdentity {
  const { subject, provedAt, isEmailVerified } = identity
  if (subject === '' || subject.length > MAX_SUBJECT) throw new UpstreamError('subject_invalid')
  if (isAnew && provedAt && Date.now() - provedAt.getTime() > ANEW_MS) throw new UpstreamError('not_proved_anew')
  const email = tidy(identity.email, MAX_EMAIL)
  return {
    ...identity,
    email,
    isEmailVerified: isEmailVerified && email !== undefined,
    name: tidy(identity.name, MAX_NAME),
  }
}

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

/** Which provider a credential is of. */
export const providerOf = ({ secret }: Credential) => (secret as UpstreamSecret).provider
