/** Keeps what is asked of one id in the order in which it was asked. */
export interface Turns {
  /** Begins when everything that changes this id is done. */
  after<T>(id: string, work: () => Promise<T>): Promise<T>
  /** The same, and what is asked later waits for it in turn. */
  take<T>(id: string, work: () => Promise<T>): Promise<T>
}

/** Turns that are kept within this process; between processes the database decides. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()

  const after = <T>(id: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(id)
    // That the one before failed is its owner's matter.
    return before ? before.then(work, work) : work()
  }

  return {
    after,
    take(id, work) {
      const turn = after(id, work)
      last.set(id, turn)
      const leave = () => {
        if (last.get(id) === turn) last.delete(id)
      }
      turn.then(leave, leave)
      return turn
    },
  }
}
