import { Refusal } from '../platform/refusal.ts'

const SECONDS_A_MINUTE = 60

/** The expected noes of this room. */
export const refusals = {
  identifierInvalid: () =>
    new Refusal({ code: 'account.identifier_invalid', status: 422, message: 'That is not an e-mail address.' }),
  limited: (retryAfterSeconds: number) =>
    new Refusal({
      code: 'recovery.limited',
      status: 429,
      message: 'Too many mails were asked for.',
      params: { count: Math.ceil(retryAfterSeconds / SECONDS_A_MINUTE) },
      retryAfterSeconds,
    }),
  codeWrong: () =>
    new Refusal({ code: 'recovery.code_wrong', status: 422, message: 'That is not the code from the last mail.' }),
  gone: () =>
    new Refusal({
      code: 'recovery.gone',
      status: 410,
      message: 'This link or code was used already, has expired or was replaced by a newer one.',
    }),
}
