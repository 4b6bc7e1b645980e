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
export interface WorkerOptions<Job> {
  /** How many things are done at once. */
  readonly concurrency: number
  /** Takes the next thing, if there is one. */
  readonly claim: () => Promise<Job | null>
  /** Does it. `cut` ends it early. */
  readonly perform: (job: Job, cut: AbortSignal) => Promise<void>
  readonly onFault: (error: unknown) => void
}

const LOOK_MS = 5000
const GRACE_MS = 5000

/** A worker that looks every few seconds, and at once when it is woken. What takes long holds up nothing else. */
export function createWorker<Job>({ concurrency, claim, perform, onFault }: WorkerOptions<Job>): Worker {
  const cut = new AbortController()
  // Whoever wakes it (a request, say) does not wait for it: the work belongs to nobody's context.
  const outside = AsyncLocalStorage.snapshot()
  const lanes = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isWanted = false

  /** Another one looks for work, or one of those who are at it looks again. */
  const look = () => {
    isWanted = lanes.size >= concurrency
    if (isWanted || isStopped) return
    const lane = outside(work)
      .catch(onFault)
      .finally(() => {
        lanes.delete(lane)
        if (isWanted) look()
      })
    lanes.add(lane)
  }
  const work = async () => {
    while (!isStopped) {
      const job = await claim()
      if (job === null) return
      // Where one thing is there may be more.
      look()
      await perform(job, cut.signal)
    }
  }
  const ended = async () => {
    while (lanes.size > 0) await Promise.all(lanes)
  }
  const wake = () => {
    if (timer) look()
  }

  return {
    start() {
      timer ??= setInterval(wake, LOOK_MS).unref()
      wake()
    },
    wake,
    settle() {
      look()
      return ended()
    },
    async stop() {
      isStopped = true
      clearInterval(timer)
      const grace = setTimeout(() => cut.abort(), GRACE_MS)
      await ended()
      clearTimeout(grace)
    },
  }
}
