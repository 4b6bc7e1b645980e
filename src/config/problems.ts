import type { z } from 'zod'
import type { Environment } from './environment.ts'
import type { Layer } from './files.ts'
import { options } from './options.ts'
import { suggest } from './suggest.ts'
import { getPath } from './tree.ts'

/** The configuration cannot be used. `problems` names every reason, none of which holds a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
    super(`The configuration has ${count}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'must hold options by name',
  array: 'must be a list',
  boolean: 'must be true or false',
  number: 'must be a whole number',
  int: 'must be a whole number',
  string: 'must be text',
}

const MEASURES: Readonly<Record<string, string>> = { string: 'have a length of', array: 'hold' }
const measure = (origin: string) => MEASURES[origin] ?? 'be'

/** What is wrong, in words for whoever runs the program. Used for every rule of the schema that has no words itself. */
export function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return 'is missing'
  if (issue.code === 'invalid_type') return EXPECTED[issue.expected]
  if (issue.code === 'too_small') return `must ${measure(issue.origin)} at least ${issue.minimum}`
  if (issue.code === 'too_big') return `must ${measure(issue.origin)} at most ${issue.maximum}`
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`
  return undefined
}

/** Where a value was set, to be named in a message: the environment wins over files, the last file over the first. */
export function sourceOf(path: string, layers: readonly Layer[], env: Environment): string {
  const option = options.find((candidate) => path === candidate.path || path.startsWith(`${candidate.path}.`))
  if (option?.isSecret && env[`${option.env}_FILE`]) return `${option.env}_FILE: `
  if (option && env[option.env]) return `${option.env}: `
  const layer = layers.findLast(({ tree }) => getPath(tree, path) !== undefined)
  return layer ? `${layer.source}: ` : ''
}

/** An issue of the schema as problems: where it was set, which option, what is wrong. Values are not quoted. */
export function describeIssue(issue: z.core.$ZodIssue, layers: readonly Layer[], env: Environment): string[] {
  const path = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return [`${sourceOf(path, layers, env)}${path}: ${issue.message}`]
  const known = options.flatMap((option) =>
    option.path.split('.').map((_, at, keys) => keys.slice(0, at + 1).join('.')),
  )
  return issue.keys.map((key) => {
    const full = path ? `${path}.${key}` : key
    return `${sourceOf(full, layers, env)}${full}: there is no such option${suggest(full, known)}`
  })
}
