// How easily a password is guessed, by zxcvbn, on a thread of its own. Knows no policy: what is strong enough is for others.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createBoundedQueue, QueueFullError } from '../bounded-queue.ts'

export { readBrowserModules } from './browser-modules.ts'

/** What is asked about. */
export interface Question {
  readonly password: string
  /** Words that somebody who knows the person would try first. */
  readonly words: readonly string[]
}

/** One piece of zxcvbn's advice: its key, and what it says in English. */
export interface Advice {
  readonly key: string
  readonly text: string
}

/** How easily a password is guessed. */
export interface Estimate {
  /** zxcvbn's: 0 guessed at once, 1 below 10^6 guesses, 2 below 10^8, 3 below 10^10, 4 more. */
  readonly score: number
  /** What is wrong, and what would help; nothing when the score is 3 or more. */
  readonly warning: Advice | undefined
  readonly suggestions: readonly Advice[]
  /** Whether it is on the list of the commonest passwords, in whatever case and with a simple suffix or none. */
  readonly isCommon: boolean
}

/** Estimates passwords. */
export interface PasswordStrength {
  /** @throws QueueFullError when too many wait, or this one takes too long */
  estimate(question: Question): Promise<Estimate>
  close(): Promise<void>
}

/** How many may wait, and how long (ms) one may take, the first with loading the word lists. */
export interface PasswordStrengthOptions {
  readonly queueLimit?: number
  readonly timeoutMs?: number
}

const QUEUE_LIMIT = 64
const TIMEOUT_MS = 20_000
const RETRY_SECONDS = 5
const MEMORY_MB = 256

/** Estimates on one thread, which starts with the first question and does not hold up the end of the process. */
export function createPasswordStrength({
  queueLimit = QUEUE_LIMIT,
  timeoutMs = TIMEOUT_MS,
}: PasswordStrengthOptions = {}): PasswordStrength {
  const queue = createBoundedQueue({ concurrency: 1, queueLimit })
  let worker: Worker | undefined

  const start = () =>
    new Worker(new URL('./worker.ts', import.meta.url), {
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    })

  const close = async () => {
    const closing = worker
    worker = undefined
    await closing?.terminate()
  }

  const ask = async (question: Question): Promise<Estimate> => {
    worker ??= start()
    worker.ref()
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const answer = once(worker, 'message', { signal })
      worker.postMessage(question)
      const [estimate] = await answer
      worker?.unref()
      return estimate
    } catch (error) {
      // A thread that is stuck or broken is given up; the next question gets a new one.
      await close()
      throw signal.aborted ? new QueueFullError(RETRY_SECONDS) : error
    }
  }

  return { estimate: (question) => queue(() => ask(question)), close }
}
