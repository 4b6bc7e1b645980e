import { AsyncLocalStorage } from 'node:async_hooks'

/** A request as far as the database goes: writes may be begun in it and left, and are kept before it ends. */
export interface Units {
  /**
   * Runs a unit of work. It ends when all that was left in it is kept.
   * @throws whatever the work throws, or else the first of the failures of what was left
   */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Leaves a write to the end of the unit that this runs in; where there is none, it is the write itself. */
  leave(write: Promise<unknown>): Promise<void>
  /** Resolves when what was left in this unit so far is done. */
  settled(): Promise<void>
  /** Room in every unit for one thing that is known for as long as it lasts. Never given back: for what is made once. */
  known<T>(): Known<T>
}

/**
 * Something that is known within a unit, and forgotten with it. Not a weak map by unit: what refers to its own key, as a
 * promise does by its asynchronous context, is collected from one only with all of the old memory, and busy processes
 * would copy every request around until then.
 */
export interface Known<T> {
  /** @returns nothing where nothing is known, or outside of units */
  get(): T | undefined
  /** @returns false, and keeps nothing, outside of units */
  set(value: T | undefined): boolean
}

interface Unit {
  readonly pending: Set<Promise<void>>
  readonly failures: unknown[]
  readonly known: unknown[]
  isOver: boolean
}

const DONE = Promise.resolve()

/** Units of work, told apart by the asynchronous context in which they run. */
export function createUnits(): Units {
  const storage = new AsyncLocalStorage<Unit>()
  let rooms = 0

  async function end(unit: Unit): Promise<void> {
    while (unit.pending.size > 0) await Promise.all(unit.pending)
    unit.isOver = true
  }

  return {
    run(work) {
      const unit: Unit = { pending: new Set(), failures: [], known: [], isOver: false }
      return storage
        .run(unit, async () => {
          try {
            return await work()
          } finally {
            await end(unit)
          }
        })
        .then((result) => {
          if (unit.failures.length > 0) throw unit.failures[0]
          return result
        })
    },
    leave(write) {
      const unit = storage.getStore()
      if (!unit || unit.isOver) return write.then(() => {})
      const kept: Promise<void> = write.then(
        () => void unit.pending.delete(kept),
        (error: unknown) => {
          unit.pending.delete(kept)
          unit.failures.push(error)
        },
      )
      unit.pending.add(kept)
      return DONE
    },
    async settled() {
      const unit = storage.getStore()
      if (unit && unit.pending.size > 0) await Promise.all(unit.pending)
    },
    known<T>() {
      const room = rooms
      rooms += 1
      return {
        get: () => storage.getStore()?.known[room] as T | undefined,
        set(value: T | undefined) {
          const unit = storage.getStore()
          if (unit) unit.known[room] = value
          return unit !== undefined
        },
      }
    },
  }
}
