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
  redirectUriInvalid: (reason: string) =>
    new Refusal({
      code: 'client.redirect_uri_invalid',
      status: 400,
      message: `The client metadata is not valid: ${reason}.`,
    }),
  exists: (id: string) =>
    new Refusal({ code: 'client.exists', status: 409, message: `There is a client with the id ${id} already.` }),
  unknown: (id: string) =>
    new Refusal({ code: 'client.unknown', status: 404, message: `There is no client with the id ${id}.` }),
  noSecret: (id: string) =>
    new Refusal({
      code: 'client.takes_no_secret',
      status: 409,
      message: `The client ${id} does not prove itself with a secret.`,
    }),
  secretsFull: (max: number) =>
    new Refusal({
      code: 'client.secrets_full',
      status: 409,
      message: `There are ${max} secrets already: revoke one that is no longer used first.`,
    }),
  secretUnknown: (id: string) =>
    new Refusal({ code: 'client.secret_unknown', status: 404, message: `The client has no secret with the id ${id}.` }),
  lastSecret: () =>
    new Refusal({
      code: 'client.last_secret',
      status: 409,
      message: 'This is the only secret that works: add another one first.',
    }),
  invitationUnknown: (id: string) =>
    new Refusal({
      code: 'client.invitation_unknown',
      status: 404,
      message: `There is no invitation with the id ${id}.`,
    }),
  tokenInvalid: () =>
    new Refusal({ code: 'client.token_invalid', status: 401, message: 'This token is not known, used up or expired.' }),
}
