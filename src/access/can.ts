import { EVERY_PERMISSION } from './permissions.ts'

/** The names of the permissions that somebody has, by API. */
export type Rights = ReadonlyMap<string, ReadonlySet<string>>

/** The part of a role that says what it lets somebody do. */
export interface RolePermissions {
  readonly permissions: readonly { readonly api: string; readonly names: readonly string[] }[]
}

/** Everything that these roles let somebody do. Roles only ever add: none takes away what another gives. */
export function combineRights(roles: readonly RolePermissions[]): Rights {
  const rights = new Map<string, Set<string>>()
  for (const { api, names } of roles.flatMap(({ permissions }) => permissions)) {
    rights.set(api, new Set([...(rights.get(api) ?? []), ...names]))
  }
  return rights
}

/** Whether somebody with these rights may do this at that API. What is not granted is not allowed. */
export function can(rights: Rights, api: string, permission: string): boolean {
  const names = rights.get(api)
  return names !== undefined && (names.has(permission) || names.has(EVERY_PERMISSION))
}
