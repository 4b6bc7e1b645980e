import { Refusal } from '../../platform/refusal.ts'

/** The expected noes of this room. */
export const refusals = {
  metadataInvalid: (reason: string, cause?: unknown) =>
    new Refusal({
      code: 'client.metadata_invalid',
      status: 400,
      message: `The client metadata is not valid: ${reason}.`,
      cause,
    }),
  exists: (id: string) =>
    new Refusal({ code: 'client.exists', status: 409, message: `There is a client with the id ${id} already.` }),
  unknown: (id: string) =>
    new Refusal({ code: 'client.unknown', status: 404, message: `There is no client with the id ${id}.` }),
}
