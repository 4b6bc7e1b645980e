import type { ClientMetadata } from 'oidc-provider'

/** Clients as the library reads them, kept in this process. */
export interface MetadataCache {
  /** The client's metadata, read at most once while nothing changes. */
  find(id: string): Promise<ClientMetadata | undefined>
  /** Drops a client, or all of them: the next look is a fresh one. */
  forget(id?: string): void
}

interface Entry {
  readonly metadata: ClientMetadata
  readonly readAt: number
}

const MOST = 10_000
const FRESH_MS = 60_000
/** While changes by other processes are not heard of. */
const UNWATCHED_MS = 2000

/**
 * Every request asks for its client, most of them for the same few. They are remembered until they change.
 * Clients that are not there are not remembered: one that was just registered must be found.
 * @param isWatched whether `forget` is called for changes by other processes too
 */
export function createMetadataCache(
  read: (id: string) => Promise<ClientMetadata | undefined>,
  isWatched: () => boolean,
): MetadataCache {
  const entries = new Map<string, Entry>()
  let changes = 0

  const isFresh = ({ readAt }: Entry) => Date.now() - readAt < (isWatched() ? FRESH_MS : UNWATCHED_MS)

  return {
    async find(id) {
      const entry = entries.get(id)
      if (entry && isFresh(entry)) return entry.metadata
      const before = changes
      const readAt = Date.now()
      const metadata = await read(id)
      // What was read while something changed may be what it was before.
      if (metadata && changes === before) {
        if (entries.size >= MOST) entries.clear()
        entries.set(id, { metadata, readAt })
      }
      return metadata
    },
    forget(id) {
      changes += 1
      if (id === undefined) entries.clear()
      else entries.delete(id)
    },
  }
}
