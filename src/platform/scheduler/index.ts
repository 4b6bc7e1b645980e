// Work that comes round again, done by one of the processes. Knows nothing of what the work is.
import type { Connection } from 'mongoose'
import { newId } from '../ids.ts'
import type { Logger } from '../logger.ts'
import { createLeases } from './lease.ts'

/** Work that comes round again. It must do no harm when it is done twice: a lease is no lock. */
export interface Job {
  readonly name: string
  readonly everySeconds: number
  readonly run: () => Promise<void>
}

/** Does the work of all processes once. */
export interface Scheduler {
  /** Begins: each job at once, and then every time it is due. */
  start(jobs: readonly Job[]): void
  /** Does this job now, if this process is in charge of it. @returns whether it is */
  run(job: Job): Promise<boolean>
  /** Ends, and leaves the work to others. Resolves when what is under way has ended. */
  stop(): Promise<void>
}

/** A process that misses this many turns is taken for gone. */
const MISSED_TURNS = 3

/** The scheduler of this process. */
export function createScheduler({ connection, logger }: { connection: Connection; logger: Logger }): Scheduler {
  const leases = createLeases(connection)
  const holder = newId()
  const timers: NodeJS.Timeout[] = []
  const underWay = new Set<Promise<unknown>>()

  const run = async ({ name, everySeconds, run: work }: Job) => {
    const isInCharge = await leases.acquire(name, holder, everySeconds * MISSED_TURNS)
    if (isInCharge) await work()
    return isInCharge
  }
  const attempt = (job: Job) => {
    const turn = run(job)
      .catch((error: unknown) => logger.error({ err: error, job: job.name }, 'scheduled work failed'))
      .finally(() => underWay.delete(turn))
    underWay.add(turn)
  }
  return {
    run,
    start(jobs) {
      for (const job of jobs) {
        attempt(job)
        timers.push(setInterval(() => attempt(job), job.everySeconds * 1000).unref())
      }
    },
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await Promise.all(underWay)
      await leases.release(holder)
    },
  }
}
