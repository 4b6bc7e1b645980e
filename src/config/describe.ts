import { options } from './options.ts'
import type { Config } from './schema.ts'
import { getPath } from './tree.ts'

/** One option and what it is set to, secrets masked. */
export interface DescribedOption {
  readonly path: string
  readonly env: string
  readonly isSecret: boolean
  /** Undefined when an optional option is not set. */
  readonly value: unknown
}

const MASK = '(secret)'
const mask = (value: unknown) => (Array.isArray(value) ? value.map(() => MASK) : MASK)

/** What every option is set to; nobody learns a secret from it. */
export function describeConfig(config: Config): DescribedOption[] {
  return options.map(({ path, env, isSecret }) => {
    const value = getPath(config, path)
    return { path, env, isSecret, value: isSecret && value !== undefined ? mask(value) : value }
  })
}
