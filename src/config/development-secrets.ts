import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { newId, newSecret } from '../platform/ids.ts'
import { DEVELOPMENT_PREFIX } from '../platform/seal.ts'

const kept = z.object({ cookieKeys: z.array(z.string()), sealingKeys: z.array(z.string()) })

/** Whether a secret was made for developing, which production refuses. */
export const isDevelopmentSecret = (secret: string) => secret.startsWith(DEVELOPMENT_PREFIX)

/**
 * The secrets for developing and trying: made once, kept in the data folder, readable by their owner only. They are
 * written beside and linked into place, so that two processes that start at once end up with the same ones.
 */
export function keepDevelopmentSecrets(dataDir: string): z.infer<typeof kept> {
  const path = join(dataDir, 'secrets.json')
  const read = () => kept.parse(JSON.parse(readFileSync(path, 'utf8')))
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const make = () => DEVELOPMENT_PREFIX + newSecret()
  const fresh = `${path}.${newId()}`
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  writeFileSync(fresh, JSON.stringify({ cookieKeys: [make(), make()], sealingKeys: [make()] }), { mode: 0o600 })
  chmodSync(fresh, 0o600)
  try {
    linkSync(fresh, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(fresh)
  }
  return read()
}
