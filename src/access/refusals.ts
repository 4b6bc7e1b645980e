import { Refusal } from '../platform/refusal.ts'

/** The expected noes of this room. */
export const refusals = {
  apiInvalid: (reason: string) =>
    new Refusal({ code: 'api.invalid', status: 422, message: `The API is not valid: ${reason}.` }),
  apiExists: (identifier: string) =>
    new Refusal({ code: 'api.exists', status: 409, message: `There is an API ${identifier} already.` }),
  apiUnknown: (identifier: string) =>
    new Refusal({ code: 'api.unknown', status: 404, message: `There is no API ${identifier}.` }),
  apiInUse: (identifier: string, roles: readonly string[], clients: readonly string[]) =>
    new Refusal({
      code: 'api.in_use',
      status: 409,
      message: `The API ${identifier} is named by ${[
        ...(roles.length > 0 ? [`roles: ${roles.join(', ')}`] : []),
        ...(clients.length > 0 ? [`api_permissions of clients: ${clients.join(', ')}`] : []),
      ].join('; ')}.`,
    }),
  apiOwn: (identifier: string) =>
    new Refusal({
      code: 'api.own',
      status: 409,
      message: `${identifier} is Gatehouse's own API and cannot be deleted.`,
    }),
  roleInvalid: (reason: string) =>
    new Refusal({ code: 'role.invalid', status: 422, message: `The role is not valid: ${reason}.` }),
  roleExists: (name: string) =>
    new Refusal({ code: 'role.exists', status: 409, message: `There is a role ${name} already.` }),
  roleUnknown: (names: readonly string[], known: readonly string[]) =>
    new Refusal({
      code: 'role.unknown',
      status: 422,
      message: `There is no role ${names.join(', ')}. There are: ${known.join(', ')}.`,
    }),
  roleInUse: (name: string, by: { accounts: number; members: number; invitations: number }) =>
    new Refusal({
      code: 'role.in_use',
      status: 409,
      message: `The role ${name} is held by ${by.accounts} account(s), ${by.members} member(s) of organizations and ${by.invitations} invitation(s).`,
    }),
  roleNeeded: (name: string) =>
    new Refusal({
      code: 'role.needed',
      status: 409,
      message: `The role ${name} makes somebody an administrator of Gatehouse: it cannot be deleted, and has to give write:roles at Gatehouse's own API.`,
    }),
  permissionUnknown: (api: string, names: readonly string[]) =>
    new Refusal({
      code: 'permission.unknown',
      status: 422,
      message: `The API ${api} knows no permission ${names.join(', ')}.`,
    }),
  organizationInvalid: (reason: string) =>
    new Refusal({ code: 'organization.invalid', status: 422, message: `The organization is not valid: ${reason}.` }),
  organizationUnknown: (id: string) =>
    new Refusal({ code: 'organization.unknown', status: 404, message: `There is no organization ${id}.` }),
  domainTaken: (cause: unknown) =>
    new Refusal({
      code: 'organization.domain_taken',
      status: 409,
      message: 'One of these domains belongs to another organization.',
      cause,
    }),
  memberUnknown: () =>
    new Refusal({
      code: 'organization.member_unknown',
      status: 404,
      message: 'This account is no member of the organization.',
    }),
}
