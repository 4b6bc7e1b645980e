const MAX_APIS = 50

const isWords = (value: unknown) =>
  Array.isArray(value) &&
  value.every((word) => typeof word === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(word))

/** What speaks against `api_permissions`, the permissions that a client may ask for by API, if anything does. */
export function findPermissionsProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'must hold a list of permissions for each API'
  const lists = Object.values(value)
  if (lists.length > MAX_APIS) return `names more than ${MAX_APIS} APIs`
  return lists.every(isWords) ? undefined : 'must hold a list of permissions for each API'
}
