import { Refusal } from '../platform/refusal.ts'

/** The expected noes of this room. */
export const refusals = {
  unavailable: () =>
    new Refusal({
      code: 'mail.unavailable',
      status: 503,
      message: 'This service cannot send mail: mail.smtp.url and mail.from are not set.',
    }),
}
