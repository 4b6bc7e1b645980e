// Processes that serve side by side on one port and share nothing but the database, and the one that looks after them.
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
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

interface Running {
  readonly worker: Worker
  readonly bornAt: number
  readonly listening: Promise<unknown>
  readonly ended: Promise<{ exitCode: number; signal: string | null }>
}

function startWorker(logger: Logger): Running {
  const worker = cluster.fork()
  const listening = once(worker, 'listening').then(() => {
    logger.info({ worker: worker.id, pid: worker.process.pid }, 'worker started')
  })
  const ended = once(worker, 'exit').then(([exitCode, signal]) => ({ exitCode, signal }))
  return { worker, bornAt: Date.now(), listening, ended }
}

/**
 * Keeps so many workers running until it is stopped. The first one starts alone: it prepares the database for all, and
 * when it cannot start, none can.
 * @returns the exit code: 0 when it was stopped, 1 when the first worker did not start (it has said why)
 */
export async function superviseWorkers({ count, drainSeconds, logger, stopped }: SupervisorOptions): Promise<number> {
  const stopping = new AbortController()
  const { signal: stop } = stopping
  const living = new Set<Worker>()

  const start = () => {
    const running = startWorker(logger)
    living.add(running.worker)
    running.ended.then(() => living.delete(running.worker))
    return running
  }
  const killAll = (signal: string) => {
    for (const worker of living) worker.kill(signal)
  }
  const keepRunning = async (first: Running) => {
    let endsInARow = 0
    for (let running = first; ; running = start()) {
      const { exitCode, signal } = await running.ended
      if (stop.aborted) return
      endsInARow = Date.now() - running.bornAt < SETTLED_MS ? endsInARow + 1 : 1
      const delayMs = backOffMs(endsInARow)
      logger.warn({ worker: running.worker.id, exitCode, signal, delayMs }, 'worker ended, another one takes its place')
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
  if (!isUp) return stop.aborted ? 0 : 1
  const others = stop.aborted ? [] : Array.from({ length: count - 1 }, start)
  await Promise.all([first, ...others].map(keepRunning))
  return 0
}
