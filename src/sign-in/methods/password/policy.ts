/** A kind of character that a password may have to hold. */
export type CharacterKind = 'lower' | 'upper' | 'digit' | 'symbol'

/** What a chosen password has to meet; lengths count Unicode code points (NIST SP 800-63B-4 section 3.1.1.2). */
export interface PasswordPolicy {
  readonly minLength: number
  readonly maxLength: number
  readonly needs: readonly CharacterKind[]
  /** The least score of zxcvbn, 0 to 4. */
  readonly minScore: number
}

/** What an operator says about passwords: one of the presets, and what differs from it. */
export interface PolicyChoice {
  readonly policy: keyof typeof presets
  readonly minLength?: number | undefined
  readonly minScore?: number | undefined
  readonly maxLength: number
  /** Whether a second factor is always asked for as well, whoever signs in to whatever. */
  readonly isWithinMfa: boolean
}

/**
 * `classic` is what most people expect of a password form. `nist` is SP 800-63B-4 section 3.1.1.2: length instead
 * of kinds of characters, and a score that refuses what a list of bad passwords would hold, fewer than 10^6 guesses.
 */
const presets = {
  classic: { minLength: 12, minLengthWithinMfa: 12, needs: ['lower', 'upper', 'digit', 'symbol'], minScore: 3 },
  nist: { minLength: 15, minLengthWithinMfa: 8, needs: [], minScore: 2 },
} as const

/** The policy of this choice. */
export function choosePolicy({ policy, minLength, minScore, maxLength, isWithinMfa }: PolicyChoice): PasswordPolicy {
  const preset = presets[policy]
  return {
    minLength: minLength ?? (isWithinMfa ? preset.minLengthWithinMfa : preset.minLength),
    maxLength,
    needs: preset.needs,
    minScore: minScore ?? preset.minScore,
  }
}

/** The form of a password that is hashed: NFC, so that the same keys typed elsewhere give the same password. */
export function normalisePassword(typed: string): string {
  return typed.normalize('NFC')
}

const kinds: Readonly<Record<CharacterKind, RegExp>> = {
  lower: /\p{Ll}/u,
  upper: /\p{Lu}/u,
  digit: /\p{Nd}/u,
  // Everything that is neither letter, mark nor digit; a space too, as in a sentence.
  symbol: /[^\p{L}\p{M}\p{Nd}]/u,
}

/** A rule of the policy that a password does not meet. */
export type RuleProblem = 'too_short' | 'too_long' | `missing_${CharacterKind}`

/** Every rule that a password does not meet, as far as that can be told by looking at it. */
export function findRuleProblems(password: string, policy: PasswordPolicy): RuleProblem[] {
  const length = [...password].length
  if (length > policy.maxLength) return ['too_long']
  const missing = policy.needs.filter((kind) => !kinds[kind].test(password)).map((kind) => `missing_${kind}` as const)
  return length < policy.minLength ? ['too_short', ...missing] : missing
}
