import type { Model } from 'mongoose'
import type { Audit } from '../../audit/index.ts'
import type { Job } from '../../platform/scheduler/index.ts'
import { SealError, type Sealer } from '../../platform/seal.ts'
import { type ArtifactDocument, payloadContext } from './artifact.model.ts'
import { GONE } from './changing.ts'
import type { Sessions } from './sessions.ts'

interface Dependencies {
  readonly model: Model<ArtifactDocument>
  readonly sealer: Sealer
  readonly sessions: Pick<Sessions, 'expire'>
  readonly audit: Audit
}

const EVERY_SECONDS = 60
/** So many at once. */
const BATCH = 50
/** What is left then is left to the next turn, which may be another process's: a stop does not wait for it. */
const TURN_MS = 5000
/** So long one waits that no key opens: it may be missing in this process only, until all have the same ones. */
const UNREADABLE_MS = 86_400_000

/**
 * Ends sessions that ran out, as all sessions end: clients are told, and the trail. They expire by themselves, to the
 * second; here nobody has to be there for it to be heard. What is cut off, or fails, is done by the next turn.
 */
export function expiredSessionsJob({ model, sealer, sessions, audit }: Dependencies): Job {
  // Found by a range, which gathered reads do not know.
  const recordsOf = () => {
    const records = model.db.db?.collection<ArtifactDocument>(model.collection.name)
    if (!records) throw new Error('the database is not connected')
    return records
  }
  const record = (accountId: string | undefined, reason: string) =>
    audit.record('session.ended', { accountId, actor: { type: 'system' } }, { reason })

  const expire = async (document: ArtifactDocument) => {
    const session = JSON.parse(sealer.open(document.payload, payloadContext(document)))
    if (await sessions.expire(session)) await record(session.accountId, 'expired')
  }

  /** Nobody can tell any more who takes part in it. */
  const giveUp = async ({ _id, kind, payload, accountId }: ArtifactDocument) => {
    const { deletedCount } = await recordsOf().deleteOne({ _id, kind, payload })
    if (deletedCount > 0) await record(accountId, 'unreadable')
  }

  const end = (document: ArtifactDocument) =>
    expire(document).catch((error: unknown) => {
      const isLongOver = Number(document.expiresAt) <= Date.now() - UNREADABLE_MS
      if (!(error instanceof SealError && isLongOver)) throw error
      return giveUp(document)
    })

  /** @returns why those failed that did */
  const expireAll = async (documents: AsyncIterable<ArtifactDocument>) => {
    const endsAt = performance.now() + TURN_MS
    const failures: unknown[] = []
    let batch: ArtifactDocument[] = []
    const work = async () => {
      // Two that a change of id left behind are one session.
      const distinct = new Map(batch.map((document) => [document.uidHash ?? document._id, document]))
      const outcomes = await Promise.allSettled([...distinct.values()].map(end))
      failures.push(...outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])))
      batch = []
    }
    for await (const document of documents) {
      if (batch.push(document) === BATCH) await work()
      if (performance.now() > endsAt) break
    }
    await work()
    return failures
  }

  return {
    name: 'expired-sessions',
    everySeconds: EVERY_SECONDS,
    async run() {
      const records = recordsOf()
      const expired = { kind: 'Session', expiresAt: { $lte: new Date() } }
      // Nobody hears of the end of a session that is nobody's, or that was told of before its deletion was cut off.
      await records.deleteMany({ ...expired, $or: [{ accountId: { $exists: false } }, GONE] })
      const failures = await expireAll(records.find(expired).sort({ expiresAt: 1 }).batchSize(BATCH))
      if (failures.length === 0) return
      throw new Error(`${failures.length} sessions that ran out could not be ended`, { cause: failures[0] })
    },
  }
}
