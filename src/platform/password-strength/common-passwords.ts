/** What people put behind a common password to please a rule: a few digits and signs ("password1!", "Monkey2024!"). */
const SIMPLE_SUFFIX = /[\p{N}\p{P}\p{S}]{1,6}$/u

/**
 * Whether a password is on the list of the commonest ones, in any case, or is one of them with a simple suffix (NIST SP
 * 800-63B-4 section 3.1.1.2, ASVS 6.2.4). The list is in lower case.
 */
export function isCommonPassword(typed: string, list: ReadonlySet<string>): boolean {
  const folded = typed.normalize('NFKC').toLowerCase().trim()
  const stem = folded.replace(SIMPLE_SUFFIX, '')
  return list.has(folded) || (stem !== folded && list.has(stem))
}
