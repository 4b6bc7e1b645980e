/** A protocol session that ends: whose it is, and which clients take part in it. */
export interface EndedSession {
  readonly accountId?: string | undefined
  readonly authorizations?:
    | Readonly<Record<string, { readonly sid?: string | undefined; readonly grantId?: string | undefined }>>
    | undefined
}

/** The ends of sessions, told by whoever ends one and heard by whoever has to act on it. */
export interface SessionEnds {
  /**
   * Resolves when everybody who listens has taken note of it for good. Told before the session is deleted: afterwards
   * a crash would leave nobody who knows of it. Telling it again, because something was cut off, does no harm.
   */
  readonly tell: Listener
  readonly listen: (listener: Listener) => void
}

type Listener = (session: EndedSession) => Promise<void>

/** Storage ends sessions before there is anybody to hear of it: listeners come later. */
export function createSessionEnds(): SessionEnds {
  const listeners: Listener[] = []
  return {
    async tell(session) {
      await Promise.all(listeners.map((listener) => listener(session)))
    },
    listen: (listener) => {
      listeners.push(listener)
    },
  }
}
