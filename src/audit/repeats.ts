import { limitKey } from '../platform/address.ts'
import type { Logger } from '../platform/logger.ts'
import type { EventName } from './events.ts'

/** Events of one kind and from one place that were counted and not written down. */
export interface Repeated {
  readonly name: EventName
  /** An IPv4 address or an IPv6 /64; none for the many that had no count of their own. */
  readonly address?: string | undefined
  readonly times: number
  readonly sinceAt: Date
}

/** Counts what strangers cause, so that none of them can fill the trail. */
export interface Repeats {
  /**
   * Counts one more. Not by whom it was tried at: writing takes time, and where there is no account it must take the same.
   * @returns whether it is to be written down by itself
   */
  readonly admit: (name: EventName, from: string | undefined) => boolean
  /** Tells what was only counted so far, and begins anew. */
  readonly tell: () => Promise<void>
}

interface Dependencies {
  /** How many are written down in a minute, of one kind and from one place. */
  readonly perMinute: number
  readonly write: (repeated: Repeated) => Promise<unknown>
  readonly logger: Logger
}

const MINUTE_MS = 60_000
/** Whoever comes when there are this many shares one count, a kind of event, with everybody else. */
const MOST_COUNTS = 1000

/**
 * What can be caused at will by whoever finds this server: every refusal, and a sign-in that is begun or given up. By its
 * name, so that what is added to the catalogue is bounded by itself.
 */
export const isAtWill = (name: string): boolean => /[._](refused|failed|limited|deferred|started|aborted)$/.test(name)

/** Counts of this process, minute by minute. */
export function createRepeats({ perMinute, write, logger }: Dependencies): Repeats {
  type Count = Repeated & { times: number; sinceAt: Date; written: number }
  let counts = new Map<string, Count>()
  let endsAt = 0
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<unknown> = Promise.resolve()

  const tell = async () => {
    const repeated = [...counts.values()].filter(({ times }) => times > 0)
    counts = new Map()
    clearTimeout(timer)
    timer = undefined
    const writing = repeated.map(async ({ written: _, ...told }) => {
      await write(told).catch((err: unknown) => logger.error({ err, repeated: told }, 'the trail misses these events'))
    })
    telling = Promise.all([telling, ...writing])
    await telling
  }
  const countOf = (name: EventName, from: string | undefined): Count => {
    const place = from && limitKey(from)
    const own = `${name} ${place}`
    const key = counts.has(own) || counts.size < MOST_COUNTS ? own : name
    const address = key === own ? place : undefined
    const count = counts.get(key) ?? { name, address, times: 0, sinceAt: new Date(), written: 0 }
    counts.set(key, count)
    return count
  }

  return {
    tell,
    admit(name, from) {
      const now = Date.now()
      // Or the clock was set back.
      if (now >= endsAt || now < endsAt - MINUTE_MS) {
        void tell()
        endsAt = now + MINUTE_MS
      }
      const count = countOf(name, from)
      if (count.written < perMinute) {
        count.written += 1
        return true
      }
      if (count.times === 0) count.sinceAt = new Date(now)
      count.times += 1
      timer ??= setTimeout(() => void tell(), endsAt - now).unref()
      return false
    },
  }
}
