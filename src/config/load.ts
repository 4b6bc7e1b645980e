import { availableParallelism } from 'node:os'
import { DevelopmentSecretsError, keepDevelopmentSecrets } from './development-secrets.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { type Layer, readFiles } from './files.ts'
import { options } from './options.ts'
import { ConfigError, describeIssue, explain, sourceOf } from './problems.ts'
import { findProductionProblems } from './production-rules.ts'
import { readProviderSecrets } from './provider-secrets.ts'
import { type Config, isComplete, schema } from './schema.ts'
import { getPath, merge, setPath, type Tree } from './tree.ts'

const SECRETS = ['cookieKeys', 'sealingKeys'] as const

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}

/** Every section, empty: so a section of a file in which all is commented out is no mistake. */
function emptySections(): Tree {
  const tree: Tree = {}
  for (const { path } of options) {
    const section = path.split('.').slice(0, -1).join('.')
    if (section && !getPath(tree, section)) setPath(tree, section, {})
  }
  return tree
}

/** Where people reach it while nothing else is said. An origin: http://localhost:80 would be written without the port. */
function fillIssuer(tree: Tree): void {
  const port = getPath(tree, 'server.port')
  const url = `http://localhost:${port}`
  if (getPath(tree, 'server.issuer') !== undefined || !Number.isInteger(port) || !URL.canParse(url)) return
  setPath(tree, 'server.issuer', new URL(url).origin)
}

/** The most workers, or threads of one, that the schema allows. */
const MOST = 256

/** What the machine suggests while nothing else is said: its cores are shared among workers, and used by hashing. */
function fillWorkers(tree: Tree, cores: number): void {
  const fill = (path: string, value: number) => getPath(tree, path) === undefined && setPath(tree, path, value)
  fill('server.workers', tree.environment === 'production' ? Math.min(cores, MOST) : 1)
  const workers = Number(getPath(tree, 'server.workers'))
  if (workers >= 1)
    fill('signIn.password.hashing.concurrency', Math.min(Math.max(1, Math.floor(cores / workers)), MOST))
}

/** Makes or reads the secrets for developing, where none were configured. */
function fillDevelopmentSecrets(tree: Tree, dataDir: string): void {
  const missing = SECRETS.filter((name) => getPath(tree, `secrets.${name}`) === undefined)
  if (missing.length === 0) return
  try {
    const kept = keepDevelopmentSecrets(dataDir)
    for (const name of missing) setPath(tree, `secrets.${name}`, kept[name])
  } catch (error) {
    if (!(error instanceof DevelopmentSecretsError)) throw error
    throw new ConfigError([`DATA_DIR: ${error.message}`])
  }
}

/** Browsers refuse passkeys of a host that is not above the page's own, unless that host vouches for the page. */
function isPasskeyHostElsewhere(tree: Tree): boolean {
  const rpId = getPath(tree, 'signIn.passkey.rpId')
  const host = URL.parse(String(getPath(tree, 'server.issuer')))?.hostname
  const origins = getPath(tree, 'signIn.passkey.origins')
  if (
    typeof rpId !== 'string' ||
    /[:/]/.test(rpId) ||
    host === undefined ||
    (Array.isArray(origins) && origins.length > 0)
  )
    return false
  return host !== rpId && !host.endsWith(`.${rpId}`)
}

/** Every problem of a tree except that secrets are missing, which is told or mended elsewhere. */
function findProblems(tree: Tree, layers: readonly Layer[], env: Environment): string[] {
  const issues = schema.safeParse(tree, { error: explain }).error?.issues ?? []
  const isMissingSecret = (path: string) => SECRETS.some((name) => path === `secrets.${name}`) && !getPath(tree, path)
  const told = issues.filter((issue) => !isMissingSecret(issue.path.join('.')))
  const problems = told.flatMap((issue) => describeIssue(issue, layers, env))
  if (tree.environment === 'production') problems.push(...findProductionProblems(tree))
  if (isPasskeyHostElsewhere(tree))
    problems.push('GATEHOUSE_SIGN_IN_PASSKEY_RP_ID: must be the host of the issuer or a domain above it')
  if (tree.environment !== 'test' && getPath(tree, 'server.port') === 0)
    problems.push('PORT: 0 (any free port) is for tests only')
  return problems
}

/** Where options come from. */
interface Sources {
  readonly env: Environment
  readonly configDir: string
  /** The cores that this machine, or the limit of this container, gives us. */
  readonly cores?: number
}

/**
 * Reads default.yaml, the environment's own file, local.yaml, the environment and the files it names for secrets.
 * Secrets for developing are made only when everything else is right.
 * @throws ConfigError with every problem at once
 */
export function loadConfig({ env, configDir, cores = availableParallelism() }: Sources): Config {
  const problems: string[] = []
  const environment = env.NODE_ENV || 'development'
  const layers = readFiles(configDir, environment, problems)
  const tree = layers.map((layer) => layer.tree).reduce(merge, emptySections())
  for (const [path, value] of readEnvironment(env, problems)) setPath(tree, path, value)
  readProviderSecrets(tree, sourceOf('upstream.openid', layers, env), problems)
  tree.environment = environment
  fillIssuer(tree)
  fillWorkers(tree, cores)
  problems.push(...findProblems(tree, layers, env))
  if (problems.length > 0) throw new ConfigError(problems)

  fillDevelopmentSecrets(tree, String(tree.dataDir))
  const config = schema.parse(tree)
  if (!isComplete(config)) throw new ConfigError(['ISSUER: is missing'])
  return deepFreeze(config)
}
