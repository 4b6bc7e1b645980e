import type { Connection } from 'mongoose'
import { hashSecret, newId } from '../ids.ts'
import type { Logger } from '../logger.ts'
import type { Sealer } from '../seal.ts'
import { itemContext, type OutboxDocument, outboxModel } from './model.ts'
import { backOffMs, type Patience } from './patience.ts'
import { createWorker, type Worker } from './worker.ts'

/** What came of an item, told once for each. */
export type OutboxOutcome =
  | { readonly kind: 'sent'; readonly tries: number }
  /** The other side refuses it for good. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Every try failed, the last one for this reason if it came to an end. */
  | { readonly kind: 'abandoned'; readonly tries: number; readonly error?: unknown }
  /** It could not be sent while it was good for something. */
  | { readonly kind: 'expired'; readonly tries: number }

/** How long an item is good, and whether it may be there already. */
export interface Keeping {
  /** From when on sending it makes no sense: a code in it is good no longer, say. */
  readonly notAfter?: Date | undefined
  /**
   * What makes it the same as another one. While that waits, and for a minute after it is known what came of it, it is
   * not kept again: whoever does something anew that was cut off tells nobody twice.
   */
  readonly once?: string | undefined
}

/** Things on their way out. */
export interface Outbox<Item> extends Worker {
  /** Keeps an item to be sent: one insert, whatever it is. */
  readonly enqueue: (item: Item, keeping?: Keeping) => Promise<void>
}

/** How one kind of thing is sent. */
export interface Delivery<Item> {
  readonly kind: string
  /** How many are sent at once. */
  readonly concurrency: number
  /** One try takes no longer, in milliseconds. */
  readonly tryMs: number
  readonly patience: Patience
  /**
   * One try; resolves once the other side has taken it, or when there is nothing to send any more. Throws when it was
   * not taken.
   * @param id the same at every try
   */
  readonly send: (item: Item, id: string, signal: AbortSignal) => Promise<void>
  /** Why no other try can help, if that is so. */
  readonly finalCode: (error: unknown) => string | undefined
  /** What the log may say of an item. */
  readonly describe: (item: Item) => object
  readonly onOutcome: (outcome: OutboxOutcome, item: Item) => Promise<void>
}

/** What the outbox needs from outside. */
export interface OutboxDependencies {
  readonly connection: Connection
  readonly sealer: Sealer
  readonly logger: Logger
}

/** A lease lasts for so many tries: room for clocks that differ, so that nobody else sends what is still being sent. */
const LEASE_TRIES = 3
/** How long the id of an item that is kept once outlives it: longer than whoever was cut off needs to try again. */
const TRACE_MS = 60_000
const DUPLICATE_KEY = 11000

/**
 * Things of one kind on their way out, on this connection. Any number of processes may work on it: an item is claimed
 * by one conditional update, and whoever crashes with it loses the claim when the lease runs out. It is sent at least
 * once, and twice only by a crash between the other side's yes and our note of it.
 */
export function createOutbox<Item>(
  { connection, sealer, logger }: OutboxDependencies,
  delivery: Delivery<Item>,
): Outbox<Item> {
  const { kind, concurrency, tryMs, patience, send, finalCode, describe, onOutcome } = delivery
  const { maxTries } = patience
  const model = outboxModel(connection)

  const claim = () => {
    const now = Date.now()
    const lease = { $set: { holder: newId(), dueAt: new Date(now + LEASE_TRIES * tryMs) }, $inc: { tries: 1 } }
    return model
      .findOneAndUpdate({ kind, dueAt: { $lte: new Date(now) } }, lease, {
        sort: { dueAt: 1 },
        returnDocument: 'after',
      })
      .lean<OutboxDocument>()
  }

  const remove = async ({ _id, holder }: OutboxDocument) => (await model.deleteOne({ _id, holder })).deletedCount === 1

  const leaveTrace = async ({ _id, holder }: OutboxDocument) => {
    const dueAt = new Date(Date.now() + TRACE_MS)
    const { modifiedCount } = await model.updateOne(
      { _id, holder },
      { $set: { dueAt }, $unset: { sealed: 1, holder: 1 } },
    )
    return modifiedCount === 1
  }

  /** It is known what came of it. @returns whether it was still ours to say so */
  const drop = (document: OutboxDocument) => (document.isOnce ? leaveTrace(document) : remove(document))

  const defer = async ({ _id, holder, tries, notAfter }: OutboxDocument) => {
    const next = Date.now() + backOffMs(patience, tries, Math.random())
    // Not later than it expires, so that this is noticed then.
    const dueAt = new Date(notAfter ? Math.min(next, notAfter.getTime()) : next)
    await model.updateOne({ _id, holder }, { $set: { dueAt }, $unset: { holder: 1 } })
  }

  const open = (document: OutboxDocument, sealed: string): Item | undefined => {
    try {
      return JSON.parse(sealer.open(sealed, itemContext(document))) as Item
    } catch (error) {
      logger.error({ err: error, kind }, 'something in the outbox cannot be opened: is its sealing key gone?')
      return undefined
    }
  }

  /** One try. @returns what came of the item; undefined when it is to be tried again */
  const attempt = async (
    { _id, tries, notAfter }: OutboxDocument,
    item: Item,
    cut: AbortSignal,
  ): Promise<OutboxOutcome | undefined> => {
    if (notAfter && notAfter <= new Date()) return { kind: 'expired', tries: tries - 1 }
    // Claimed that often without an end: it may be this very item that brings processes down.
    if (tries > maxTries) return { kind: 'abandoned', tries: maxTries }
    try {
      await send(item, _id, AbortSignal.any([AbortSignal.timeout(tryMs), cut]))
      return { kind: 'sent', tries }
    } catch (error) {
      const code = finalCode(error)
      if (code !== undefined) return { kind: 'refused', code }
      if (tries >= maxTries) return { kind: 'abandoned', tries, error }
      logger.warn({ err: error, kind, tries, ...describe(item) }, 'not taken, it will be tried again')
      return undefined
    }
  }

  const perform = async (document: OutboxDocument, cut: AbortSignal) => {
    // A trace that nobody needs any more.
    const item = document.sealed === undefined ? undefined : open(document, document.sealed)
    if (item === undefined) {
      await remove(document)
      return
    }
    const outcome = await attempt(document, item, cut)
    if (!outcome) await defer(document)
    else if (await drop(document)) await onOutcome(outcome, item)
  }

  const worker = createWorker({
    concurrency,
    claim,
    perform,
    onFault: (error) => logger.error({ err: error, kind }, 'the outbox cannot be worked on'),
  })

  return {
    ...worker,
    async enqueue(item, { notAfter, once } = {}) {
      const _id = once === undefined ? newId() : hashSecret(`${kind} ${once}`)
      const now = new Date()
      const sealed = sealer.seal(JSON.stringify(item), itemContext({ _id }))
      const limits = { ...(notAfter ? { notAfter } : {}), ...(once === undefined ? {} : { isOnce: true }) }
      try {
        await model.create({ _id, kind, sealed, dueAt: now, tries: 0, createdAt: now, ...limits })
      } catch (error) {
        if (once === undefined || (error as { code?: unknown }).code !== DUPLICATE_KEY) throw error
      }
      worker.wake()
    },
  }
}
