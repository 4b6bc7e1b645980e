import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Option, options } from './options.ts'
import { getPath } from './tree.ts'

const START = '<!-- options:start -->'
const END = '<!-- options:end -->'

/** What stands in default.yaml, as an environment variable would say it. */
function defaultOf({ path }: Option, defaults: unknown): string {
  if (path === 'environment') return 'development'
  const value = getPath(defaults, path) ?? ''
  return Array.isArray(value) ? value.join(',') : String(value)
}

const readDefaults = (configDir: string): unknown => parse(readFileSync(join(configDir, 'default.yaml'), 'utf8'))

function row(option: Option, defaults: unknown): string {
  const value = defaultOf(option, defaults)
  const cells = [
    `\`${option.env}\`${option.isSecret ? `, \`${option.env}_FILE\`` : ''}`,
    option.path === 'environment' ? '' : `\`${option.path}\``,
    value && `\`${value}\``,
    option.description,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/**
 * The README with its table of options made anew between the two markers.
 * @throws Error when the markers are not there
 */
export function documentOptions(readme: string, configDir: string): string {
  const start = readme.indexOf(START)
  const end = readme.indexOf(END)
  if (start < 0 || end < start) throw new Error(`there is no place for the options: ${START} and ${END} are missing`)
  const defaults = readDefaults(configDir)
  const head = '| Environment | In `config/*.yaml` | Default | What it does |\n|---|---|---|---|'
  const table = [head, ...options.map((option) => row(option, defaults))].join('\n')
  return `${readme.slice(0, start)}${START}\n${table}\n${readme.slice(end)}`
}

const EXAMPLE_HEAD = `# Every option, with its default: take off the # of a line to change it. Generated; run: npm run docs
# A secret can also be read from a file: add _FILE to its name and set it to the file's path.
# Lists are separated by commas. Keys can be made with: openssl rand -base64 32
`

/** An example of an environment file that sets nothing. */
export function exampleEnvironment(configDir: string): string {
  const defaults = readDefaults(configDir)
  const entries = options.map(
    (option) => `# ${option.description.replaceAll('`', '')}\n#${option.env}=${defaultOf(option, defaults)}\n`,
  )
  return `${EXAMPLE_HEAD}\n${entries.join('\n')}`
}
