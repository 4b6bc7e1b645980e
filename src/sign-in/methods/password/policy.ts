/** Why a password cannot be chosen. */
export type PasswordProblem = 'too_short' | 'too_long'

/** What a chosen password has to meet; lengths count Unicode code points (NIST SP 800-63B-4 section 3.1.1.2). */
export interface PasswordPolicy {
  readonly minLength: number
  readonly maxLength: number
}

/** The form of a password that is hashed: NFC, so that the same keys typed elsewhere give the same password. */
export function normalisePassword(typed: string): string {
  return typed.normalize('NFC')
}

/** Everything that is wrong with a new password; nothing when it may be used. */
export function assessPassword(typed: string, { minLength, maxLength }: PasswordPolicy): PasswordProblem[] {
  const length = [...normalisePassword(typed)].length
  if (length < minLength) return ['too_short']
  return length > maxLength ? ['too_long'] : []
}
