import type { Model } from 'mongoose'
import { orderedIdAt } from '../platform/ids.ts'
import type { Job } from '../platform/scheduler/index.ts'
import type { AuditDocument } from './model.ts'
import type { Record } from './record.ts'

interface Dependencies {
  readonly model: Model<AuditDocument>
  readonly record: Record
  /** 0: for ever. */
  readonly keepDays: number
}

const HOUR_SECONDS = 3600
const DAY_MS = 86_400_000

/**
 * Removes what is older than it has to be kept: the one thing that is ever taken from the trail, and the trail says so.
 * Ids rise with time, so it needs no index; an option that has changed counts from the next turn on.
 */
export function retentionJobs({ model, record, keepDays }: Dependencies): Job[] {
  if (keepDays === 0) return []
  return [
    {
      name: 'audit-retention',
      everySeconds: HOUR_SECONDS,
      async run() {
        const beforeAt = new Date(Date.now() - keepDays * DAY_MS)
        // Not through Mongoose, where the model refuses everybody.
        const collection = model.db.db?.collection<AuditDocument>(model.collection.name)
        const removed = await collection?.deleteMany({ _id: { $lt: orderedIdAt(beforeAt) }, at: { $lt: beforeAt } })
        const times = removed?.deletedCount ?? 0
        if (times > 0) await record('trail.shortened', { actor: { type: 'system' } }, { beforeAt, times })
      },
    },
  ]
}
