import type { Api } from '../../access/index.ts'
import type { Run } from './run.ts'

type Form = Readonly<Record<string, string>>

/** The field of the form that asks for a permission of an API. Two APIs may call one the same. */
export const permissionField = (api: string, permission: string) => `permission.${api}.${permission}`

/** What a form asks of an API: the one that was chosen, or the one of which a permission was ticked. */
export function readPermissions(form: Form, apis: readonly Api[]): { resource?: string; names: readonly string[] } {
  const ticked = apis.map(({ identifier, permissions }) => ({
    identifier,
    names: permissions.map(({ name }) => name).filter((name) => form[permissionField(identifier, name)] === 'on'),
  }))
  const [only, another] = ticked.filter(({ names }) => names.length > 0)
  const resource = form.resource || (another ? undefined : only?.identifier)
  return { resource, names: ticked.find(({ identifier }) => identifier === resource)?.names ?? [] }
}

/** Which permissions of its API the token of a run has, and which it has not. */
export function presentPermissions({ resource, tokens }: Run, apis: readonly Api[]) {
  const api = apis.find(({ identifier }) => identifier === resource)
  if (!api || !tokens) return undefined
  const granted = new Set(tokens.scope?.split(' '))
  return {
    api: api.name,
    list: api.permissions.map(({ name, title }) => ({ name, title, isGranted: granted.has(name) })),
  }
}
