import { z } from 'zod'
import { schema } from './schema.ts'

/** One option: where it stands in the files, its environment name, and what it is. */
export interface Option {
  readonly path: string
  readonly env: string
  readonly isSecret: boolean
  readonly type: 'string' | 'number' | 'boolean' | 'list'
  readonly description: string
}

const PREFIX = 'GATEHOUSE_'

/** The environment name that follows from a path: `signIn.limits.windowSeconds` is GATEHOUSE_SIGN_IN_LIMITS_WINDOW_SECONDS. */
export function environmentName(path: string): string {
  return (
    PREFIX +
    path
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll('.', '_')
      .toUpperCase()
  )
}

/** Whether an environment name claims to be an option of ours. */
export const isOurs = (name: string) => name.startsWith(PREFIX)

const inner = (type: z.core.$ZodType): z.core.$ZodType => (type instanceof z.ZodOptional ? inner(type.unwrap()) : type)

function typeOf(type: z.core.$ZodType): Option['type'] {
  const bare = inner(type)
  if (bare instanceof z.ZodNumber) return 'number'
  if (bare instanceof z.ZodBoolean) return 'boolean'
  return bare instanceof z.ZodArray ? 'list' : 'string'
}

function collect(object: z.ZodObject, prefix: string): Option[] {
  return Object.entries(object.shape).flatMap(([key, type]): Option[] => {
    const path = prefix + key
    if (type instanceof z.ZodObject) return collect(type, `${path}.`)
    // A list of whole sections is for the files: no variable could say it.
    if (type instanceof z.ZodArray && type.element instanceof z.ZodObject) return []
    const meta = (type instanceof z.ZodType ? type.meta() : undefined) ?? {}
    return [
      {
        path,
        env: typeof meta.env === 'string' ? meta.env : environmentName(path),
        isSecret: meta.isSecret === true,
        type: typeOf(type),
        description: meta.description ?? '',
      },
    ]
  })
}

/** Every option, in the order of the schema. */
export const options: readonly Option[] = collect(schema, '')
