import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { newId, newSecret } from '../platform/ids.ts'
import { DEVELOPMENT_PREFIX } from '../platform/seal.ts'
import { errorCode } from './error-code.ts'
import { cookieKey, sealingKey } from './values.ts'

const kept = z.object({ cookieKeys: z.array(cookieKey).min(1), sealingKeys: z.array(sealingKey).min(1) })

type DevelopmentSecrets = z.infer<typeof kept>

/** The secrets for developing can neither be read nor made. */
export class DevelopmentSecretsError extends Error {
  override readonly name = 'DevelopmentSecretsError'
}

/** Whether a secret was made for developing, which production refuses. */
export const isDevelopmentSecret = (secret: string) => secret.startsWith(DEVELOPMENT_PREFIX)

function parseSecrets(text: string, path: string): DevelopmentSecrets {
  try {
    return kept.parse(JSON.parse(text))
  } catch {
    // Making new ones would leave everything sealed with the old ones unreadable: that is for a person to decide.
    // No cause: a JSON error quotes what it could not read.
    throw new DevelopmentSecretsError(`${path} does not hold the secrets that were kept there; restore or remove it`)
  }
}

/** Written beside and linked into place, so that two processes that start at once end up with the same ones. */
function makeSecrets(dataDir: string, path: string): void {
  const make = () => DEVELOPMENT_PREFIX + newSecret()
  const fresh = `${path}.${newId()}`
  const secrets: DevelopmentSecrets = { cookieKeys: [make(), make()], sealingKeys: [make()] }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(fresh, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true })
    linkSync(fresh, path)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    rmSync(fresh, { force: true })
  }
}

function readSecrets(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * The secrets for developing and trying: made once, kept in the data folder as secrets.json, readable by its owner only.
 * @throws DevelopmentSecretsError
 */
export function keepDevelopmentSecrets(dataDir: string): DevelopmentSecrets {
  const path = join(dataDir, 'secrets.json')
  try {
    const before = readSecrets(path)
    if (before !== undefined) return parseSecrets(before, path)
    makeSecrets(dataDir, path)
    return parseSecrets(readFileSync(path, 'utf8'), path)
  } catch (error) {
    if (error instanceof DevelopmentSecretsError) throw error
    throw new DevelopmentSecretsError(`cannot keep secrets for developing in ${path} (${errorCode(error)})`)
  }
}
