import type { Strength } from '../../method.ts'

/** The word for it everywhere. */
export const NAME = 'sms-code'

/**
 * Possession, of the restricted kind (NIST SP 800-63B-4 section 3.2.9): `sms` (RFC 8176 section 2) says so to apps, and
 * operators can do without it.
 */
export const PROVES: Strength = { factors: ['possession'], amr: ['sms'] }
