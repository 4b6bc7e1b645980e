import type { Gathered, Units } from '../platform/database/index.ts'
import { newOrderedId } from '../platform/ids.ts'
import { type EventDetail, type EventName, events } from './events.ts'
import type { Actor, AuditDocument } from './model.ts'

/** Where a request came from, as far as the trail and the limits care. */
export interface Origin {
  readonly requestId?: string | undefined
  readonly address?: string | undefined
}

/** Who and what an event is about. */
export interface EventSubject {
  readonly actor?: Actor
  readonly accountId?: string | undefined
  readonly clientId?: string | undefined
  readonly origin?: Origin | undefined
}

/** Appends one event to the trail. It is kept when this resolves, or within a unit of work before that ends. */
export type Record = <N extends EventName>(name: N, subject: EventSubject, detail: EventDetail<N>) => Promise<void>

/** The same without what is not there. */
function present<T extends object>(entries: T): T {
  const kept: Partial<T> = {}
  for (const key in entries) if (entries[key] !== undefined) kept[key] = entries[key]
  return kept as T
}

/**
 * The one writer of the audit trail.
 * @throws ZodError when a detail does not fit the catalogue, which is a fault of the caller
 */
export function createRecord(trail: Pick<Gathered<AuditDocument>, 'insert'>, units: Units): Record {
  return async (name, { actor, accountId, clientId, origin }, detail) => {
    const who = actor ?? (accountId ? { type: 'account' as const, id: accountId } : { type: 'anonymous' as const })
    const event = {
      _id: newOrderedId(),
      at: new Date(),
      name,
      actor: present(who),
      detail: present(events[name].parse(detail)),
      ...present({ accountId, clientId, address: origin?.address, requestId: origin?.requestId }),
    }
    await units.leave(trail.insert(event))
  }
}
