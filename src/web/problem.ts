import type { Refusal } from '../platform/refusal.ts'

/** What a form says is wrong: a summary on top, and a text at each field. */
export interface FormProblem {
  readonly titleKey: string
  readonly fields: readonly {
    readonly name: string
    readonly messageKey: string
    readonly params: Refusal['params']
  }[]
}

/**
 * A refusal as a form shows it, every reason by itself, when it is about one of its fields.
 * @param fields the field that each code is about
 */
export function presentProblem(refusal: Refusal, fields: Readonly<Record<string, string>>): FormProblem | undefined {
  const name = fields[refusal.code]
  if (!name) return undefined
  const reasons = refusal.reasons.length > 0 ? refusal.reasons : [refusal]
  return {
    titleKey: 'problems.check',
    fields: reasons.map(({ code, params }) => ({ name, messageKey: `refusals.${code}`, params })),
  }
}
