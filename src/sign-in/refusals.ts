import { Refusal } from '../platform/refusal.ts'
import type { PasswordProblem } from './methods/password/check.ts'

/** The lengths that a refused password is told. */
interface PasswordLengths {
  readonly minLength: number
  readonly maxLength: number
}

const passwordTexts: Readonly<Record<string, string>> = {
  too_short: 'Use at least {minLength} characters.',
  too_long: 'Use at most {maxLength} characters.',
  missing_lower: 'Use a lower-case letter.',
  missing_upper: 'Use an upper-case letter.',
  missing_digit: 'Use a digit.',
  missing_symbol: 'Use a sign that is neither letter nor digit.',
  too_common: 'This is one of the commonest passwords.',
  too_guessable: 'This password is too easy to guess.',
  breached: 'This password is known from a data breach.',
}

const describe = (problem: PasswordProblem, { minLength, maxLength }: PasswordLengths) =>
  ('text' in problem ? problem.text : (passwordTexts[problem.code] ?? ''))
    .replace('{minLength}', String(minLength))
    .replace('{maxLength}', String(maxLength))

/** The expected noes of this room. */
export const refusals = {
  deviceUnknown: () =>
    new Refusal({ code: 'trusted_device.unknown', status: 404, message: 'This browser is not trusted any more.' }),
  password: (problems: readonly PasswordProblem[], { minLength, maxLength }: PasswordLengths) => {
    const params = { minLength, maxLength }
    const reasons = problems.map((problem) => ({
      code: `password.${problem.code}`,
      message: describe(problem, params),
      params,
    }))
    return new Refusal({
      code: 'password.refused',
      status: 422,
      message: reasons.map(({ message }) => message).join(' '),
      reasons,
    })
  },
  busy: (retryAfterSeconds: number, cause: unknown) =>
    new Refusal({
      code: 'sign_in.busy',
      status: 503,
      message: 'Too many people are signing in at this moment. Please try again shortly.',
      retryAfterSeconds,
      cause,
    }),
  limited: (retryAfterSeconds: number) =>
    new Refusal({
      code: 'sign_in.limited',
      status: 429,
      message: 'Too many tries. Please try again later.',
      params: { count: Math.ceil(retryAfterSeconds / 60) },
      retryAfterSeconds,
    }),
  passwordWrong: () =>
    new Refusal({ code: 'password.wrong', status: 422, message: 'This is not the password of the account.' }),
  methodUnknown: () =>
    new Refusal({ code: 'sign_in.method_unknown', status: 404, message: 'There is no such way to sign in.' }),
  outOfTurn: () =>
    new Refusal({
      code: 'sign_in.out_of_turn',
      status: 409,
      message: 'This sign-in has come to another step meanwhile.',
    }),
  formInvalid: (cause: unknown) =>
    new Refusal({
      code: 'sign_in.form_invalid',
      status: 400,
      message: 'The form was incomplete. Please try again.',
      cause,
    }),
  enrolmentUnknown: () =>
    new Refusal({ code: 'enrolment.method_unknown', status: 404, message: 'There is nothing like that to add.' }),
  enrolmentLimited: (retryAfterSeconds: number) =>
    new Refusal({
      code: 'enrolment.limited',
      status: 429,
      message: 'Please wait a little before asking for another message.',
      retryAfterSeconds,
    }),
  elsewhereUnreachable: (reason: string) =>
    new Refusal({
      code: 'enrolment.elsewhere_unreachable',
      status: 503,
      message: 'The other site cannot be reached at the moment. Please try again later.',
      cause: reason,
    }),
  lastWay: () =>
    new Refusal({
      code: 'enrolment.last_way',
      status: 409,
      message: 'This is the only way to sign in to your account. Add another one first.',
    }),
  credentialUnknown: () =>
    new Refusal({
      code: 'enrolment.credential_unknown',
      status: 404,
      message: 'This is not part of your account, or not any more.',
    }),
  credentialName: () =>
    new Refusal({
      code: 'enrolment.name_invalid',
      status: 422,
      message: 'A name has 1 to 100 characters and no control characters.',
    }),
  invitationGone: (cause?: unknown) =>
    new Refusal({
      code: 'invitation.gone',
      status: 410,
      message: 'This link was used already, has expired or was replaced by a newer one.',
      cause,
    }),
}
