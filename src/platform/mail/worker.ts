import { AsyncLocalStorage } from 'node:async_hooks'

/** Works on what waits, in this process. */
export interface Worker {
  /** Looks for work now and then from here on. Until then, and in a program that never starts it, nothing is done. */
  readonly start: () => void
  /** Something may be there to do: looks at once, if it was started. */
  readonly wake: () => void
  /** Does everything that is due, and resolves when nothing is. */
  readonly settle: () => Promise<void>
  /** Takes nothing new, and resolves when what is under way has ended, or was cut off after a few seconds. */
  readonly stop: () => Promise<void>
}

/** What a worker needs. */
export interface WorkerOptions {
  /** How many things are done at once. */
  readonly concurrency: number
  /** Does the next thing; whether there was one. `cut` ends it early. */
  readonly next: (cut: AbortSignal) => Promise<boolean>
  readonly onFault: (error: unknown) => void
}

const LOOK_MS = 5000
const GRACE_MS = 5000

/** A worker that looks every few seconds, and at once when it is woken. */
export function createWorker({ concurrency, next, onFault }: WorkerOptions): Worker {
  const cut = new AbortController()
  // Whoever wakes it (a request, say) does not wait for it: the work belongs to nobody's context.
  const outside = AsyncLocalStorage.snapshot()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isWanted = false
  let round: Promise<void> | undefined

  const lane = async () => {
    while (!isStopped && (await next(cut.signal))) {
      // Until nothing is left.
    }
  }
  const work = async () => {
    try {
      do {
        isWanted = false
        const ends = await Promise.allSettled(Array.from({ length: concurrency }, lane))
        for (const lost of ends) if (lost.status === 'rejected') onFault(lost.reason)
      } while (isWanted && !isStopped)
    } finally {
      round = undefined
    }
  }
  const settle = async () => {
    isWanted = true
    round ??= outside(work)
    await round
  }
  const wake = () => {
    if (timer && !isStopped) void settle()
  }

  return {
    start() {
      timer ??= setInterval(wake, LOOK_MS).unref()
      wake()
    },
    wake,
    settle,
    async stop() {
      isStopped = true
      clearInterval(timer)
      const grace = setTimeout(() => cut.abort(), GRACE_MS)
      await round
      clearTimeout(grace)
    },
  }
}
