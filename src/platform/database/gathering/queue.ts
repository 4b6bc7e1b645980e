import { setImmediate as nextTurn } from 'node:timers/promises'

/** More is waiting for the database than this process should hold. */
export class GatheringFullError extends Error {
  override readonly name = 'GatheringFullError'
}

/** How a queue sends what it gathered. */
export interface QueueOptions<Item, Answer> {
  /** Sends all of these as one command, and tells for each what came of it. What it throws is told to all of them. */
  readonly send: (items: readonly Item[]) => Promise<readonly (Answer | Failure)[]>
  /**
   * Whether what `send` threw may be the fault of a single item, and nothing is wrong with sending the others again.
   * They are sent in halves then, until the error has come to its owner.
   */
  readonly isRefusal?: (error: unknown) => boolean
  /** The most that go into one command. */
  readonly batchSize?: number
  /** The most that may wait. */
  readonly capacity?: number
}

/** What went wrong for one item of a batch, and for no other. */
export class Failure {
  readonly reason: unknown
  constructor(reason: unknown) {
    this.reason = reason
  }
}

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: unknown) => void
}

const BATCH_SIZE = 1000
const CAPACITY = 50_000
/**
 * For so many turns of the event loop, at most, a command waits for company. In a busy process each turn lets many
 * requests come as far as this, and saves a command for most of them.
 */
const TURNS = 8

/**
 * Gathers: while one command is under way, everything that comes in waits, and then goes out together. What comes
 * first goes first. One command at a time makes the batches large, which is what saves node's time.
 * @throws GatheringFullError (as a rejection) beyond the capacity
 */
export function createQueue<Item, Answer>({
  send,
  isRefusal = () => false,
  batchSize = BATCH_SIZE,
  capacity = CAPACITY,
}: QueueOptions<Item, Answer>): (item: Item) => Promise<Answer> {
  let waiting: Waiting<Item, Answer>[] = []
  let isUnderWay = false

  async function answersTo(items: readonly Item[]): Promise<readonly (Answer | Failure)[]> {
    try {
      return await send(items)
    } catch (error) {
      if (items.length === 1 || !isRefusal(error)) return items.map(() => new Failure(error))
      const middle = Math.ceil(items.length / 2)
      return [...(await answersTo(items.slice(0, middle))), ...(await answersTo(items.slice(middle)))]
    }
  }

  async function deliver(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    const answers = await answersTo(batch.map(({ item }) => item))
    batch.forEach(({ resolve, reject }, index) => {
      const answer = answers[index] as Answer | Failure
      if (answer instanceof Failure) reject(answer.reason)
      else resolve(answer)
    })
  }

  /** Lets more come in for as long as more comes in. */
  async function gatherMore(): Promise<void> {
    let before = 0
    for (let turn = 0; turn < TURNS && waiting.length > before; turn += 1) {
      before = waiting.length
      await nextTurn()
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      await gatherMore()
      const batch = waiting.slice(0, batchSize)
      waiting = waiting.slice(batchSize)
      await deliver(batch)
    }
    isUnderWay = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= capacity) {
        reject(new GatheringFullError('too much is waiting for the database'))
        return
      }
      waiting.push({ item, resolve, reject })
      if (isUnderWay) return
      isUnderWay = true
      void drain()
    })
}
