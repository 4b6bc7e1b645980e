import { Refusal } from '../platform/refusal.ts'

/** The expected noes of this room. */
export const refusals = {
  identifierInvalid: () =>
    new Refusal({ code: 'account.identifier_invalid', status: 422, message: 'That is not an e-mail address.' }),
  nameInvalid: () =>
    new Refusal({
      code: 'account.name_invalid',
      status: 422,
      message: 'A name has at most 200 characters and no control characters.',
    }),
  exists: (cause: unknown) =>
    new Refusal({
      code: 'account.exists',
      status: 409,
      message: 'There is an account with this e-mail address already.',
      cause,
    }),
  undoGone: () =>
    new Refusal({
      code: 'account.undo_gone',
      status: 410,
      message: 'This link was used already, has expired, or an earlier one was used.',
    }),
  unknown: () => new Refusal({ code: 'account.unknown', status: 404, message: 'There is no such account.' }),
}
