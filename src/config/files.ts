import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { errorCode } from './error-code.ts'
import { isTree, type Tree } from './tree.ts'

/** What one file says. */
export interface Layer {
  /** Names the file in messages. */
  readonly source: string
  readonly tree: Tree
}

/** The tree in a text of YAML. Mistakes are told by place, never by quoting: the line could hold a secret. */
function parseYaml(text: string, source: string, problems: string[]): Tree {
  const document = parseDocument(text, { prettyErrors: true })
  const mistakes = [...document.errors, ...document.warnings]
  for (const { code, linePos } of mistakes) {
    const [start] = linePos ?? []
    const place = start ? `line ${start.line}, column ${start.col}` : 'unknown place'
    problems.push(`${source}: is not correct YAML at ${place} (${code.toLowerCase().replaceAll('_', ' ')})`)
  }
  if (mistakes.length > 0) return {}
  try {
    const content: unknown = document.toJS() ?? {}
    if (isTree(content)) return content
    problems.push(`${source}: must hold options by name`)
  } catch {
    problems.push(`${source}: uses a YAML alias that leads nowhere, or too many of them`)
  }
  return {}
}

/** What a file of options says; nothing when there is none, unless it is required. */
function readLayer(path: string, isRequired: boolean, problems: string[]): Layer {
  try {
    return { source: path, tree: parseYaml(readFileSync(path, 'utf8'), path, problems) }
  } catch (error) {
    const code = errorCode(error)
    if (isRequired || code !== 'ENOENT') problems.push(`${path}: cannot be read (${code})`)
    return { source: path, tree: {} }
  }
}

/** The files of options, the weakest first: default.yaml, the environment's own, local.yaml. */
export function readFiles(configDir: string, environment: string, problems: string[]): Layer[] {
  const names = ['default', environment, 'local'].filter((name) => /^[a-z]+$/.test(name))
  const layers = names.map((name) => readLayer(join(configDir, `${name}.yaml`), name === 'default', problems))
  for (const { source, tree } of layers) {
    if ('environment' in tree) problems.push(`${source}: environment: is set by NODE_ENV only`)
  }
  return layers
}
