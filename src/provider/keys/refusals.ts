import { Refusal } from '../../platform/refusal.ts'

/** The expected noes of this room. */
export const refusals = {
  unknown: (kid: string) =>
    new Refusal({ code: 'signing_key.unknown', status: 404, message: `There is no signing key ${kid}.` }),
  algorithmUnknown: (alg: string, known: readonly string[]) =>
    new Refusal({
      code: 'signing_key.algorithm_unknown',
      status: 404,
      message: `Nothing is signed with ${alg} here: there is ${known.join(', ')}.`,
    }),
}
