import { readFileSync } from 'node:fs'
import { isOurs, type Option, options } from './options.ts'

/** The environment, as the process has it. */
export type Environment = Readonly<Record<string, string | undefined>>

const FILE_SUFFIX = '_FILE'

/** What an environment variable says, as a value for the schema. What cannot be read is left for it to refuse. */
function read({ type }: Option, text: string): unknown {
  if (type === 'number') return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (type === 'list')
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  return text
}

function readSecretFile(name: string, path: string, problems: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd()
  } catch (error) {
    problems.push(`${name}: cannot read the file it names (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`)
    return undefined
  }
}

/** The options that the environment sets, by path. Problems are added to the list and not thrown. */
export function readEnvironment(env: Environment, problems: string[]): Map<string, unknown> {
  const values = new Map<string, unknown>()
  const known = new Set(options.flatMap(({ env: name, isSecret }) => (isSecret ? [name, name + FILE_SUFFIX] : [name])))
  for (const name of Object.keys(env)) {
    if (isOurs(name) && !known.has(name)) problems.push(`${name}: there is no such option`)
  }
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
