import type { Logger } from '../logger.ts'
import type { Changes } from './changes.ts'

/** What to follow, and what to do about it. */
export interface FollowOptions {
  readonly changes: Changes
  /** The name of the collection. */
  readonly collection: string
  /** Looks at the collection. Called once at the start, after changes, and every `pollSeconds`; never twice at once. */
  readonly onChange: () => Promise<void>
  readonly pollSeconds: number
  readonly logger: Logger
}

/** Something that goes on until it is stopped. */
export interface Follower {
  /** Resolves when the last look has ended. */
  stop(): Promise<void>
}

/** Calls that come while one is under way become one more call after it. */
function oneAtATime(work: () => Promise<void>) {
  let isAskedAgain = false
  let running: Promise<void> | undefined
  const loop = async () => {
    do {
      isAskedAgain = false
      await work()
    } while (isAskedAgain)
    running = undefined
  }
  return {
    call: () => {
      isAskedAgain = true
      running ??= loop()
    },
    ended: async () => running,
  }
}

/**
 * Follows a collection over all processes: by the change stream, which tells at once, and by looking now and then,
 * which makes up for a stream that is not to be had.
 */
export function followCollection({ changes, collection, onChange, pollSeconds, logger }: FollowOptions): Follower {
  let isStopped = false
  const look = oneAtATime(async () => {
    if (isStopped) return
    await onChange().catch((error: unknown) => logger.error({ err: error, collection }, 'following failed'))
  })
  changes.follow(collection, look.call)
  // The first to ask begins to listen.
  changes.isLive()
  look.call()
  const timer = setInterval(look.call, pollSeconds * 1000).unref()
  return {
    async stop() {
      isStopped = true
      clearInterval(timer)
      await look.ended()
    },
  }
}
