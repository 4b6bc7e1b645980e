import type { Access } from './access/index.ts'
import type { Config } from './config/index.ts'

/**
 * How many seconds what is sealed and handed out lasts at most: JWT access tokens, by which their grant is found, and the
 * way to another provider and back.
 */
export async function outsideSeconds({ apis }: Access, { lifetimes }: Config): Promise<number> {
  const tokens = (await apis.list()).map((api) => api.accessTokenSeconds ?? lifetimes.accessTokenSeconds)
  return Math.max(...tokens, lifetimes.interactionSeconds)
}

/** The configured sealing keys do not open what the database holds: it was filled with others. */
export class SealingKeysError extends Error {
  override readonly name = 'SealingKeysError'
  constructor(options?: ErrorOptions) {
    super(
      'GATEHOUSE_SECRETS_SEALING_KEYS: no key opens what this database holds. Add the key that it was filled with: ' +
        'a copy from a backup needs the key of its time.',
      options,
    )
  }
}
