/** What is left of a protocol session that is over: whose it was, and which clients took part in it. */
export interface EndedSession {
  readonly accountId?: string | undefined
  readonly authorizations?:
    | Readonly<Record<string, { readonly sid?: string | undefined; readonly grantId?: string | undefined }>>
    | undefined
}

/** The ends of sessions, told by whoever ends one and heard by whoever has to act on it. */
export interface SessionEnds {
  readonly tell: (session: EndedSession) => void
  readonly listen: (listener: (session: EndedSession) => void) => void
}

/** Storage ends sessions before there is anybody to hear of it: listeners come later. */
export function createSessionEnds(): SessionEnds {
  const listeners: ((session: EndedSession) => void)[] = []
  return {
    tell: (session) => {
      for (const listener of listeners) listener(session)
    },
    listen: (listener) => {
      listeners.push(listener)
    },
  }
}
