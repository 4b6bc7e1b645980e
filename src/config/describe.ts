import { options } from './options.ts'
import type { Config } from './schema.ts'

/** One option and what it is set to, secrets masked. */
export interface DescribedOption {
  readonly path: string
  readonly env: string
  readonly value: unknown
}

const mask = (value: unknown) => (Array.isArray(value) ? value.map(() => '(secret)') : '(secret)')

/** What every option is set to; nobody learns a secret from it. */
export function describeConfig(config: Config): DescribedOption[] {
  return options.map(({ path, env, isSecret }) => {
    const value = path
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], config)
    return { path, env, value: isSecret && value !== undefined ? mask(value) : value }
  })
}
