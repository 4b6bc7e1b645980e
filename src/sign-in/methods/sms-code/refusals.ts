import { Refusal } from '../../../platform/refusal.ts'

/** The expected noes of this method. Those of status 422 are about the number that was typed. */
export const refusals = {
  invalid: () =>
    new Refusal({
      code: 'phone.invalid',
      status: 422,
      message: 'This is not the number of a phone that gets text messages.',
    }),
  country: () =>
    new Refusal({ code: 'phone.country', status: 422, message: 'No text messages are sent to this country.' }),
  known: () =>
    new Refusal({ code: 'phone.known', status: 422, message: 'This phone is part of your account already.' }),
  tooMany: () => new Refusal({ code: 'phone.too_many', status: 409, message: 'Your account has five phones already.' }),
  undelivered: () =>
    new Refusal({
      code: 'phone.undelivered',
      status: 503,
      message: 'The text message could not be sent. Try again later, or use another way.',
    }),
}
