import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Option, options } from './options.ts'

const START = '<!-- options:start -->'
const END = '<!-- options:end -->'

function defaultOf({ path }: Option, defaults: unknown): string {
  const value = path
    .split('.')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], defaults)
  if (path === 'environment') return 'development'
  if (value === undefined) return ''
  return Array.isArray(value) ? value.join(',') : String(value)
}

const readDefaults = (configDir: string): unknown => parse(readFileSync(join(configDir, 'default.yaml'), 'utf8'))

/** The README with its table of options made anew between the two markers. */
export function documentOptions(readme: string, configDir: string): string {
  const defaults = readDefaults(configDir)
  const rows = options.map((option) => {
    const value = defaultOf(option, defaults)
    const file = option.isSecret ? ` (or \`${option.env}_FILE\`)` : ''
    return `| \`${option.env}\`${file} | \`${option.path}\` | ${value ? `\`${value}\`` : ''} | ${option.description} |`
  })
  const table = ['| Environment | In `config/*.yaml` | Default | What it does |', '|---|---|---|---|', ...rows].join(
    '\n',
  )
  return readme.replace(new RegExp(`${START}[\\s\\S]*?${END}`), `${START}\n${table}\n${END}`)
}

/** An example of an environment file that sets nothing. */
export function exampleEnvironment(configDir: string): string {
  const defaults = readDefaults(configDir)
  const entries = options.map((option) => `# ${option.description}\n#${option.env}=${defaultOf(option, defaults)}\n`)
  return `# Every option, with its default. Generated from the schema: npm run docs\n\n${entries.join('\n')}`
}
