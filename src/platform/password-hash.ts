import { hash as argon2Hash, argon2id, verify as argon2Verify, needsRehash } from 'argon2'
import { newSecret } from './ids.ts'

/** There are more passwords waiting to be hashed than is good for anybody. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number) {
    super('too many passwords are waiting to be hashed')
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The cost of a hash, and how many may be under way and waiting. */
export interface PasswordHashOptions {
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
  readonly concurrency: number
  readonly queueLimit: number
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

/** A first-in-first-out queue: so many at once, so many waiting, and no more. */
function createBoundedQueue({ concurrency, queueLimit }: Pick<PasswordHashOptions, 'concurrency' | 'queueLimit'>) {
  const waiting: (() => void)[] = []
  let running = 0
  let averageMs = 50

  const release = (startedAt: number) => {
    averageMs = averageMs * 0.8 + (Date.now() - startedAt) * 0.2
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }

  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= concurrency) {
      if (waiting.length >= queueLimit) {
        throw new QueueFullError(Math.max(1, Math.ceil((waiting.length * averageMs) / concurrency / 1000)))
      }
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else {
      running += 1
    }
    const startedAt = Date.now()
    try {
      return await work()
    } finally {
      release(startedAt)
    }
  }
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
