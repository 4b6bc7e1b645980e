import { hash as argon2Hash, argon2id, verify as argon2Verify, needsRehash } from 'argon2'
import { createBoundedQueue, type QueueOptions } from './bounded-queue.ts'
import { newSecret } from './ids.ts'

export { QueueFullError } from './bounded-queue.ts'

/** The cost of a hash, and how many may be under way and waiting. */
export interface PasswordHashOptions extends QueueOptions {
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
}

/** Hashes passwords with argon2id, off the event loop. */
export interface PasswordHasher {
  /** @throws QueueFullError */
  hash(password: string): Promise<string>
  /**
   * Compares. Without a hash it does the same work and never matches, so that nobody learns who has a password.
   * @throws QueueFullError
   */
  verify(hash: string | undefined, password: string): Promise<{ matches: boolean; isOutdated: boolean }>
}

/** Makes a hasher, and the decoy that stands in for a missing hash. The work is done by the thread pool of libuv. */
export async function createPasswordHasher(options: PasswordHashOptions): Promise<PasswordHasher> {
  const { memoryKib: memoryCost, passes: timeCost, parallelism } = options
  const cost = { type: argon2id, memoryCost, timeCost, parallelism } as const
  const queue = createBoundedQueue(options)
  const decoy = await argon2Hash(newSecret(), cost)

  const matches = async (hash: string, password: string) => {
    try {
      return await argon2Verify(hash, password)
    } catch {
      return false
    }
  }

  return {
    hash: (password) => queue(() => argon2Hash(password, cost)),
    verify: (hash, password) =>
      queue(async () => {
        const isMatch = await matches(hash ?? decoy, password)
        const isRight = hash !== undefined && isMatch
        return { matches: isRight, isOutdated: isRight && needsRehash(hash, cost) }
      }),
  }
}
