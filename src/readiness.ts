import type { Connection } from 'mongoose'
import { pingDatabase } from './platform/database/index.ts'
import type { MailTransport } from './platform/mail/index.ts'
import { createReadiness, type Readiness } from './web/index.ts'

/** A database that takes longer is as good as cut off. */
const PING_MS = 2000

/** What has to work, and what is only told: without mail people still sign in by what they have. */
export function openReadiness({
  connection,
  transport,
}: {
  readonly connection: Connection
  readonly transport: MailTransport | undefined
}): Readiness {
  return createReadiness([
    { name: 'database', isVital: true, isReady: () => pingDatabase(connection, PING_MS) },
    { name: 'mail', isVital: false, isReady: async () => transport?.isReachable?.() ?? true },
  ])
}
