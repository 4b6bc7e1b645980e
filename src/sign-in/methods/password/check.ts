import type { PasswordStrength } from '../../../platform/password-strength/index.ts'
import type { BreachVerdict, FindBreach } from './breaches.ts'
import { ownWords, type PasswordOwner } from './own-words.ts'
import { findRuleProblems, normalisePassword, type PasswordPolicy, type RuleProblem } from './policy.ts'

/** Why a password cannot be chosen: a reason of the policy's own, or what zxcvbn warns of or suggests. */
export type PasswordProblem =
  | { readonly code: RuleProblem | 'too_common' | 'too_guessable' | 'breached' }
  | { readonly code: `warning.${string}` | `suggestion.${string}`; readonly text: string }

/** What came of looking at a new password. */
export interface PasswordAssessment {
  /** Everything that is wrong with it; nothing when it may be used. */
  readonly problems: readonly PasswordProblem[]
  /** Undefined when it was not asked, because it is switched off or the password cannot be used anyway. */
  readonly breach: BreachVerdict | undefined
}

interface Dependencies {
  readonly policy: PasswordPolicy
  readonly strength: PasswordStrength
  readonly findBreach: FindBreach | undefined
  readonly productName: string
}

/** Looks at a new password: the rules, how easily it is guessed, and at last whether it is known from a breach. */
export function createPasswordCheck({ policy, strength, findBreach, productName }: Dependencies) {
  const findWeakness = async (password: string, owner: PasswordOwner): Promise<PasswordProblem[]> => {
    const { isCommon, score, warning, suggestions } = await strength.estimate({
      password,
      words: ownWords(owner, productName),
    })
    if (isCommon) return [{ code: 'too_common' }]
    if (score >= policy.minScore) return []
    return [
      { code: 'too_guessable' },
      ...[warning ?? []].flat().map(({ key, text }) => ({ code: `warning.${key}` as const, text })),
      ...suggestions.map(({ key, text }) => ({ code: `suggestion.${key}` as const, text })),
    ]
  }

  return async (typed: string, owner: PasswordOwner): Promise<PasswordAssessment> => {
    const password = normalisePassword(typed)
    const broken = findRuleProblems(password, policy).map((code) => ({ code }))
    if (broken.some(({ code }) => code === 'too_long')) return { problems: broken, breach: undefined }
    const problems = [...broken, ...(await findWeakness(password, owner))]
    if (problems.length > 0) return { problems, breach: undefined }
    const breach = await findBreach?.(password)
    return { problems: breach === 'breached' ? [{ code: 'breached' }] : [], breach }
  }
}
