// Audit: what happened, told once and never changed. Owns the catalogue of events and the one writer.
// Refuses to know why something happened: features decide, and say it here.
import type { Connection } from 'mongoose'
import type { Gatherings } from '../platform/database/index.ts'
import type { EventName } from './events.ts'
import { type Actor, auditModel } from './model.ts'
import { createRecord, type Record } from './record.ts'

export type { EventDetail, EventName } from './events.ts'
export type { Actor } from './model.ts'
export type { EventSubject, Origin } from './record.ts'

/** One event as it is read back. */
export interface AuditEvent {
  readonly at: Date
  readonly name: EventName
  readonly actor: Actor
  readonly accountId?: string
  readonly clientId?: string
  readonly address?: string
  readonly requestId?: string
  readonly detail: { readonly [key: string]: unknown }
}

/** The audit trail. */
export interface Audit {
  readonly record: Record
  /** The newest events first, at most `limit` of them. */
  readonly list: (filter: { accountId?: string; name?: EventName }, limit: number) => Promise<AuditEvent[]>
}

/** Opens the trail on this connection. */
export function createAudit({ connection, gatherings }: { connection: Connection; gatherings: Gatherings }): Audit {
  const model = auditModel(connection)
  return {
    record: createRecord(gatherings.of(model), gatherings.units),
    list: (filter, limit) => model.find(filter).sort({ _id: -1 }).limit(limit).lean<AuditEvent[]>(),
  }
}
