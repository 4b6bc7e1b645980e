import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { createAudit } from '../../src/audit/index.ts'
import { type Database, ensureIndexes } from '../../src/platform/database/index.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createSealer } from '../../src/platform/seal.ts'
import { openProtocolStorage } from '../../src/provider/index.ts'
import { createAdapter } from '../../src/provider/storage/adapter.ts'
import { createReuses } from '../../src/provider/storage/reuse.ts'
import { createRotation } from '../../src/provider/storage/rotation.ts'

/** The storage that the library is given, on this database. */
export async function openStorage(database: Database, sealingKeys: readonly string[], graceSeconds = 30) {
  const sealer = createSealer(sealingKeys)
  const logger = createLogger({ level: 'silent', isPretty: false })
  const audit = createAudit({ ...database, logger, policy: { anonymousPerMinute: 100, keepDays: 0 } })
  const storage = openProtocolStorage({ ...database, sealer, audit })
  await ensureIndexes(database.connection)
  const rotation = createRotation({ artifacts: storage.artifacts, sealer, graceSeconds })
  const factory = createAdapter({ ...storage, rotation, reuses: createReuses(), foresee: () => {}, onKept: () => {} })
  const made = new Map<string, Adapter>()
  /** As the library does it: one for each kind. */
  const adapter = (kind: string): Adapter => {
    const known = made.get(kind) ?? (factory as (kind: string) => Adapter)(kind)
    made.set(kind, known)
    return known
  }
  return { ...storage, audit, rotation, adapter }
}

/** What another process is asked to do, so many times at once. */
export interface Order {
  readonly verb: 'consume' | 'upsert'
  readonly kind: string
  readonly id: string
  readonly payload?: AdapterPayload
  readonly times: number
}

/** Another process on the same database. Whoever starts it kills it. */
export async function startStorageProcess(uri: string, sealingKey: string) {
  const child: ChildProcess = fork('test/support/storage-process.ts', [uri, sealingKey])
  const next = async () => (await once(child, 'message'))[0] as unknown
  await next()
  return {
    /** @returns how many of these went well */
    async run(order: Order): Promise<number> {
      child.send(order)
      return Number(await next())
    },
    /** Ends it as a power cut would. */
    async kill(): Promise<void> {
      if (child.kill('SIGKILL')) await once(child, 'exit')
    },
  }
}
