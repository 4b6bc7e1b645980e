import { Refusal } from '../platform/refusal.ts'

/** The expected noes of this room. */
export const refusals = {
  closed: () =>
    new Refusal({
      code: 'registration.closed',
      status: 404,
      message: 'Nobody can make an account here by themselves.',
    }),
  identifierInvalid: () =>
    new Refusal({ code: 'account.identifier_invalid', status: 422, message: 'That is not an e-mail address.' }),
  exists: () =>
    new Refusal({
      code: 'account.exists',
      status: 409,
      message: 'There is an account with this e-mail address already.',
    }),
  domainNotAllowed: () =>
    new Refusal({
      code: 'registration.domain_not_allowed',
      status: 422,
      message: 'Accounts can only be made with an e-mail address of certain organisations.',
    }),
  limited: (retryAfterSeconds: number) =>
    new Refusal({
      code: 'registration.limited',
      status: 429,
      message: 'Too many mails were asked for. Please try again later.',
      params: { count: Math.ceil(retryAfterSeconds / 60) },
      retryAfterSeconds,
    }),
  codeWrong: () => new Refusal({ code: 'registration.code_wrong', status: 422, message: 'The code is not right.' }),
  passkeyRefused: (cause: string) =>
    new Refusal({
      code: 'registration.passkey_refused',
      status: 422,
      message: 'The passkey could not be used. Please try again, or choose a password.',
      cause,
    }),
  gone: () =>
    new Refusal({
      code: 'registration.gone',
      status: 410,
      message: 'The code and the link are no longer good. Please ask for new ones.',
    }),
}
