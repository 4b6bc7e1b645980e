import type { Gathered, Units } from '../platform/database/index.ts'
import { newOrderedId } from '../platform/ids.ts'
import type { Logger } from '../platform/logger.ts'
import { present } from '../platform/present.ts'
import { type EventDetail, type EventName, events } from './events.ts'
import type { Actor, AuditDocument } from './model.ts'
import { createRepeats, isAtWill } from './repeats.ts'

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

/**
 * Appends one event to the trail. It is kept when this resolves, or within a unit of work before that ends; what strangers
 * repeat is counted.
 */
export type Record = <N extends EventName>(name: N, subject: EventSubject, detail: EventDetail<N>) => Promise<void>

/** The one writer of the audit trail. */
export interface Writer {
  /** @throws ZodError when a detail does not fit the catalogue, which is a fault of the caller */
  readonly record: Record
  /** Tells of events that were counted so far and not written down. */
  readonly settle: () => Promise<void>
}

interface Dependencies {
  readonly trail: Pick<Gathered<AuditDocument>, 'insert'>
  readonly units: Units
  /** How many events that a stranger causes at will are written down in a minute, of one kind and from one address. */
  readonly anonymousPerMinute: number
  readonly logger: Logger
}

function toEvent<N extends EventName>(
  name: N,
  { actor, accountId, clientId, origin }: EventSubject,
  detail: EventDetail<N>,
): AuditDocument {
  const who = actor ?? (accountId ? { type: 'account' as const, id: accountId } : { type: 'anonymous' as const })
  return {
    _id: newOrderedId(),
    at: new Date(),
    name,
    actor: present(who),
    detail: present(events[name].parse(detail)),
    ...present({ accountId, clientId, address: origin?.address, requestId: origin?.requestId }),
  }
}

/** Failed proofs are few, by the limits of sign-in, and the owner of an account may want to see each. */
const isAnybodys = ({ name, actor }: AuditDocument) =>
  actor.type === 'anonymous' && isAtWill(name) && name !== 'sign_in.failed'

/** Writes to this trail. */
export function createWriter({ trail, units, anonymousPerMinute, logger }: Dependencies): Writer {
  const repeats = createRepeats({
    perMinute: anonymousPerMinute,
    write: ({ address, ...detail }) =>
      trail.insert(toEvent('event.repeated', { actor: { type: 'anonymous' }, origin: { address } }, detail)),
    logger,
  })
  return {
    settle: repeats.tell,
    async record(name, subject, detail) {
      const event = toEvent(name, subject, detail)
      if (isAnybodys(event) && !repeats.admit(name, event.address)) return
      await units.leave(trail.insert(event))
    },
  }
}
