// Audit: what happened, told once and never changed. Owns the catalogue of events and the one writer.
// Refuses to know why something happened: features decide, and say it here.
import type { Connection } from 'mongoose'
import type { Gatherings } from '../platform/database/index.ts'
import type { Logger } from '../platform/logger.ts'
import type { Job } from '../platform/scheduler/index.ts'
import type { EventName } from './events.ts'
import { type Actor, auditModel } from './model.ts'
import { createWriter, type Record } from './record.ts'
import { retentionJobs } from './retention.ts'

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
  /** What has to be done again and again, by one process for all. */
  readonly jobs: readonly Job[]
  /** Tells of events that this process has counted and not written down yet. */
  readonly settle: () => Promise<void>
}

/** What the trail needs from outside. */
export interface AuditDependencies {
  readonly connection: Connection
  readonly gatherings: Gatherings
  readonly logger: Logger
  readonly policy: { readonly anonymousPerMinute: number; readonly keepDays: number }
}

/** Opens the trail on this connection. */
export function createAudit({ connection, gatherings, logger, policy }: AuditDependencies): Audit {
  const model = auditModel(connection)
  const { units } = gatherings
  const { record, settle } = createWriter({ trail: gatherings.of(model), units, logger, ...policy })
  return {
    record,
    settle,
    list: (filter, limit) => model.find(filter).sort({ _id: -1 }).limit(limit).lean<AuditEvent[]>(),
    jobs: retentionJobs({ model, record, ...policy }),
  }
}
