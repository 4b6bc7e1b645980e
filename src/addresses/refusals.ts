import { Refusal } from '../platform/refusal.ts'

/** The expected noes of this room. */
export const refusals = {
  identifierInvalid: () =>
    new Refusal({ code: 'account.identifier_invalid', status: 422, message: 'That is not an e-mail address.' }),
  same: () => new Refusal({ code: 'address.same', status: 422, message: 'That is the address already.' }),
  confirmed: () =>
    new Refusal({ code: 'address.confirmed', status: 409, message: 'The address is confirmed already.' }),
  limited: (retryAfterSeconds: number) =>
    new Refusal({
      code: 'address.limited',
      status: 429,
      message: 'Too many mails were asked for. Please try again later.',
      params: { count: Math.ceil(retryAfterSeconds / 60) },
      retryAfterSeconds,
    }),
  codeWrong: () => new Refusal({ code: 'address.code_wrong', status: 422, message: 'The code is not right.' }),
  gone: () =>
    new Refusal({
      code: 'address.gone',
      status: 410,
      message: 'The code and the link are no longer good. Please begin again.',
    }),
}
