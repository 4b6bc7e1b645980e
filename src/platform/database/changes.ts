import { setTimeout as wait } from 'node:timers/promises'
import type { Connection, mongo } from 'mongoose'

/** Told which document changed; without an id, that any of them may have. */
export type OnChange = (id?: unknown) => void

/** What changes in the database, by whichever process. */
export interface Changes {
  /** Hears of changes in this collection from now on. */
  follow(collection: string, onChange: OnChange): void
  /**
   * Whether changes are being heard of; the first to ask begins to listen. While they are not heard of, what is
   * remembered may be out of date.
   */
  isLive(): boolean
  /** Hears no more. The stream itself ends with its connection: it would keep one that leaves waiting for a second. */
  close(): void
}

/** How long until another try where there is no change stream to be had. */
const RETRY_MS = 1000

/** One change stream for all collections that are followed. Who only registers and leaves again opens none. */
export function createChanges(connection: Connection): Changes {
  const followers = new Map<string, OnChange[]>()
  const ending = new AbortController()
  let stream: mongo.ChangeStream | undefined
  let isLive = false
  let hasBegun = false

  const tell = (collection: string, id: unknown) => {
    for (const onChange of followers.get(collection) ?? []) onChange(id)
  }

  /** Listens until the stream ends, which it does when the server has no more to do with us, or another name comes in. */
  async function listen(): Promise<void> {
    const match = { $match: { 'ns.coll': { $in: [...followers.keys()] } } }
    stream = connection.db?.watch([match])
    // The first answer says that the stream stands. What happened before it was not heard of.
    let change = await stream?.tryNext()
    for (const collection of followers.keys()) tell(collection, undefined)
    isLive = true
    while (stream && !stream.closed) {
      if (change && 'documentKey' in change && 'coll' in change.ns) tell(change.ns.coll, change.documentKey._id)
      change = await stream.next()
    }
  }

  async function listenOn(): Promise<void> {
    while (!ending.signal.aborted) {
      // A stream that breaks is nobody's fault: it is opened again, and until then nothing counts as fresh.
      await listen().catch(() => {})
      isLive = false
      await wait(RETRY_MS, undefined, { signal: ending.signal, ref: false }).catch(() => {})
    }
  }

  return {
    follow(collection, onChange) {
      followers.set(collection, [...(followers.get(collection) ?? []), onChange])
      void stream?.close().catch(() => {})
    },
    isLive() {
      if (!hasBegun && !ending.signal.aborted) {
        hasBegun = true
        void listenOn()
      }
      return isLive
    },
    close() {
      ending.abort()
    },
  }
}
