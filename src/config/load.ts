import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, YAMLError } from 'yaml'
import type { z } from 'zod'
import { keepDevelopmentSecrets } from './development-secrets.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { options } from './options.ts'
import { findProductionProblems } from './production-rules.ts'
import { type Config, schema } from './schema.ts'

type Tree = { [key: string]: unknown }

/** The configuration cannot be used. `problems` names every reason, none of which holds a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
    this.problems = problems
  }
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

function merge(base: Tree, over: Tree): Tree {
  const merged = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    merged[key] = isTree(before) && isTree(value) ? merge(before, value) : value
  }
  return merged
}

function setPath(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.')
  const last = keys.pop() ?? path
  let at = tree
  for (const key of keys) {
    const next = at[key]
    at[key] = isTree(next) ? next : {}
    at = at[key] as Tree
  }
  at[last] = value
}

const getPath = (tree: Tree, path: string): unknown =>
  path.split('.').reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), tree)

function readYaml(path: string, problems: string[]): Tree {
  if (!existsSync(path)) return {}
  try {
    const content: unknown = parse(readFileSync(path, 'utf8')) ?? {}
    if (isTree(content)) return content
    problems.push(`${path}: must hold options by name`)
  } catch (error) {
    problems.push(`${path}: ${error instanceof YAMLError ? error.message.split('\n')[0] : 'cannot be read'}`)
  }
  return {}
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join('.')
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${path ? `${path}.` : ''}${key}: there is no such option`)
  const option = options.find((candidate) => path === candidate.path || path.startsWith(`${candidate.path}.`))
  return [`${option && option.env !== path ? `${path} (${option.env})` : path}: ${issue.message}`]
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}

/**
 * Reads default.yaml, the environment's own file, local.yaml, the environment and the files it names for secrets.
 * @throws ConfigError with every problem at once
 */
export function loadConfig({ env, configDir }: { env: Environment; configDir: string }): Config {
  const problems: string[] = []
  const environment = env.NODE_ENV || 'development'
  const files = ['default', environment, 'local'].filter((name) => /^[a-z]+$/.test(name))
  const tree = files.map((name) => readYaml(join(configDir, `${name}.yaml`), problems)).reduce(merge, {})
  tree.environment = environment
  for (const [path, value] of readEnvironment(env, problems)) setPath(tree, path, value)
  if (getPath(tree, 'server.issuer') === undefined)
    setPath(tree, 'server.issuer', `http://localhost:${getPath(tree, 'server.port')}`)

  if (environment === 'production') {
    problems.push(
      ...findProductionProblems({
        issuer: getPath(tree, 'server.issuer'),
        uri: getPath(tree, 'database.uri'),
        cookieKeys: getPath(tree, 'secrets.cookieKeys'),
        sealingKeys: getPath(tree, 'secrets.sealingKeys'),
      }),
    )
  } else if (typeof tree.dataDir === 'string') {
    const made = keepDevelopmentSecrets(tree.dataDir)
    for (const [name, keys] of Object.entries(made)) {
      if (getPath(tree, `secrets.${name}`) === undefined) setPath(tree, `secrets.${name}`, keys)
    }
  }

  const parsed = schema.safeParse(tree)
  // In production the rules have said already that there are no secrets.
  const isTold = (issue: z.core.$ZodIssue) =>
    environment === 'production' && issue.path[0] === 'secrets' && getPath(tree, issue.path.join('.')) === undefined
  problems.push(...(parsed.error?.issues.filter((issue) => !isTold(issue)).flatMap(describeIssue) ?? []))
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)
  return deepFreeze(parsed.data) as Config
}
