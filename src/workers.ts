// Processes that serve side by side on one port and share nothing but the database, and the one that looks after them.
import cluster, { type Worker } from 'node:cluster'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from './platform/logger.ts'

/** Threads besides those that hash passwords: for signatures, names and files, which must not wait behind them. */
const SPARE_THREADS = 4

/** How long a worker must have lived for its end to be taken as an accident, and not as one more of a row. */
const SETTLED_MS = 60_000

/** Beyond draining, a worker has this long to tell clients of sessions that ended (5 s) and to leave the database. */
const LEAVE_SECONDS = 8

/** What looking after workers needs. */
export interface SupervisorOptions {
  readonly count: number
  /** How long running requests of a worker have to end. */
  readonly drainSeconds: number
  readonly logger: Logger
  /** Resolves, with a reason, when all of it is to stop. */
  readonly stopped: Promise<string>
}

/** Whether this process is to look after workers, and to serve nothing itself. */
export const isSupervisor = (workers: number) => cluster.isPrimary && workers > 1

/** The number of this worker; undefined in a program of one process. */
export const workerNumber = () => cluster.worker?.id

/** Whether this process speaks for all: workers that start later have nothing to say that was not said. */
export const isSpokesman = () => (cluster.worker?.id ?? 1) === 1

/** How many threads the pool of a process needs that hashes so many passwords at once. */
export const threadsFor = (hashing: number) => hashing + SPARE_THREADS

/** How long to wait, in milliseconds, before a worker is replaced that ended so many times in a row. */
export function backOffMs(endsInARow: number): number {
  return endsInARow <= 1 ? 0 : Math.min(15_000, 250 * 2 ** (endsInARow - 2))
}

/** How a worker came to its end: as a process, or before it was one. */
interface End {
  readonly exitCode?: number
  readonly signal?: string | null
  /** Why no process could be made. */
  readonly err?: unknown
}

interface Running {
  /** Undefined when no process could be made. */
  readonly worker?: Worker
  readonly bornAt: number
  readonly listening: Promise<unknown>
  readonly ended: Promise<End>
}

/** Never throws: a machine that gives no process or no memory for one just now may give it a moment later. */
function startWorker(logger: Logger): Running {
  const bornAt = Date.now()
  try {
    const worker = cluster.fork()
    const { id, process } = worker
    const listening = new Promise((resolve) => worker.once('listening', resolve)).then(() => {
      logger.info({ worker: id, pid: process.pid }, 'worker started')
    })
    const ended = new Promise<End>((resolve) => {
      worker.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
      // A process that was never made does not exit. One that could only not be told something still lives.
      worker.on('error', (err) => {
        if (process.pid === undefined) resolve({ err })
        else logger.warn({ worker: id, err }, 'worker could not be told')
      })
    })
    return { worker, bornAt, listening, ended }
  } catch (err) {
    return { bornAt, listening: new Promise(() => {}), ended: Promise.resolve({ err }) }
  }
}

/**
 * Keeps so many workers running until it is stopped. The first one starts alone: it prepares the database for all, and
 * when it cannot start, none can.
 * @returns the exit code: 0 when it was stopped, 1 when the first worker did not start (why is said)
 */
export async function superviseWorkers({ count, drainSeconds, logger, stopped }: SupervisorOptions): Promise<number> {
  const stopping = new AbortController()
  const { signal: stop } = stopping
  const living = new Set<Worker>()

  const start = () => {
    const running = startWorker(logger)
    const { worker, ended } = running
    if (worker) living.add(worker)
    ended.then(() => worker && living.delete(worker))
    return running
  }
  const killAll = (signal: string) => {
    for (const worker of living) worker.kill(signal)
  }
  const keepRunning = async (first: Running) => {
    let endsInARow = 0
    for (let running = first; ; running = start()) {
      const end = await running.ended
      if (stop.aborted) return
      endsInARow = Date.now() - running.bornAt < SETTLED_MS ? endsInARow + 1 : 1
      const delayMs = backOffMs(endsInARow)
      logger.warn({ worker: running.worker?.id, ...end, delayMs }, 'worker ended, another one takes its place')
      await wait(delayMs, undefined, { signal: stop }).catch(() => {})
      if (stop.aborted) return
    }
  }
  stopped.then((signal) => {
    logger.info({ signal }, 'stopping')
    stopping.abort()
    killAll('SIGTERM')
    setTimeout(killAll, (drainSeconds + LEAVE_SECONDS) * 1000, 'SIGKILL').unref()
  })

  const first = start()
  const isUp = await Promise.race([first.listening.then(() => true), first.ended.then(() => false)])
  if (!isUp) {
    const { err } = await first.ended
    if (err) logger.error({ err }, 'no worker can be started')
    return stop.aborted ? 0 : 1
  }
  const others = stop.aborted ? [] : Array.from({ length: count - 1 }, start)
  await Promise.all([first, ...others].map(keepRunning))
  return 0
}
