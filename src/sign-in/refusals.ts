import { Refusal } from '../platform/refusal.ts'
import type { PasswordPolicy, PasswordProblem } from './methods/password/policy.ts'

/** The expected noes of this room. */
export const refusals = {
  password: (problem: PasswordProblem, { minLength, maxLength }: PasswordPolicy) =>
    new Refusal({
      code: `password.${problem}`,
      status: 422,
      message:
        problem === 'too_short'
          ? `The password needs at least ${minLength} characters.`
          : `The password may have at most ${maxLength} characters.`,
      params: { minLength, maxLength },
    }),
  busy: (retryAfterSeconds: number, cause: unknown) =>
    new Refusal({
      code: 'sign_in.busy',
      status: 503,
      message: 'Too many people are signing in at this moment. Please try again shortly.',
      retryAfterSeconds,
      cause,
    }),
  methodUnknown: () =>
    new Refusal({ code: 'sign_in.method_unknown', status: 404, message: 'There is no such way to sign in.' }),
  formInvalid: (cause: unknown) =>
    new Refusal({
      code: 'sign_in.form_invalid',
      status: 400,
      message: 'The form was incomplete. Please try again.',
      cause,
    }),
  invitationGone: (cause?: unknown) =>
    new Refusal({
      code: 'invitation.gone',
      status: 410,
      message: 'This link was used already, has expired or was replaced by a newer one.',
      cause,
    }),
}
