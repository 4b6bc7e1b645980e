import { environmentName, isOurs, type Option, options } from './options.ts'
import { readSecretFile } from './secret-file.ts'
import { suggest } from './suggest.ts'

/** The environment, as the process has it. */
export type Environment = Readonly<Record<string, string | undefined>>

const FILE_SUFFIX = '_FILE'

/** What an environment variable says, as a value for the schema. What cannot be read is left for it to refuse. */
function read({ type }: Option, text: string): unknown {
  const trimmed = text.trim()
  if (type === 'number') return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : text
  if (type === 'boolean') return trimmed === 'true' ? true : trimmed === 'false' ? false : text
  if (type === 'list') {
    const items = trimmed.split(/[,\n]/).map((item) => item.trim())
    return items.filter((item) => item !== '')
  }
  return trimmed
}

/** Names that claim to be ours and are not, each with the one that was probably meant. */
function findUnknownNames(env: Environment): string[] {
  const known = options.flatMap(({ env: name, isSecret }) => (isSecret ? [name, name + FILE_SUFFIX] : [name]))
  const unknown = Object.keys(env).filter((name) => isOurs(name) && !known.includes(name))
  return unknown.map((name) => {
    const fixed = options.find(({ path }) => environmentName(path) === name)
    return `${name}: there is no such option${fixed ? ` (it is called ${fixed.env})` : suggest(name, known)}`
  })
}

/**
 * The options that the environment sets, by path. A name that is set to nothing counts as not set. Problems are added
 * to the list and not thrown.
 */
export function readEnvironment(env: Environment, problems: string[]): Map<string, unknown> {
  const values = new Map<string, unknown>()
  problems.push(...findUnknownNames(env))
  for (const option of options) {
    const fileName = option.env + FILE_SUFFIX
    const direct = env[option.env] || undefined
    const file = option.isSecret ? env[fileName] || undefined : undefined
    if (direct && file) problems.push(`${option.env} and ${fileName} are both set: use one of them`)
    const text = file ? readSecretFile(fileName, file, problems) : direct
    if (text !== undefined) values.set(option.path, read(option, text))
  }
  return values
}
