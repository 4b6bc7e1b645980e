/** There is more work waiting than is good for anybody. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number) {
    super('too much work is waiting')
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** How much may be under way, and how much may wait. */
export interface QueueOptions {
  readonly concurrency: number
  readonly queueLimit: number
}

/** Runs work when it is its turn. @throws QueueFullError */
export type BoundedQueue = <T>(work: () => Promise<T>) => Promise<T>

/** A first-in-first-out queue: so many at once, so many waiting, and no more. */
export function createBoundedQueue({ concurrency, queueLimit }: QueueOptions): BoundedQueue {
  const waiting: (() => void)[] = []
  let running = 0
  let averageMs = 50

  const release = (startedAt: number) => {
    averageMs = averageMs * 0.8 + (Date.now() - startedAt) * 0.2
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }

  return async (work) => {
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
