/** What is left of a protocol session that is over: whose it was, and which clients took part in it. */
export interface EndedSession {
  readonly accountId?: string | undefined
  readonly authorizations?:
    | Readonly<Record<string, { readonly sid?: string | undefined; readonly grantId?: string | undefined }>>
    | undefined
}

/** The ends of sessions, told by whoever ends one and heard by whoever has to act on it. */
export interface SessionEnds {
  /** Resolves when everybody who listens has taken note of it. */
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
