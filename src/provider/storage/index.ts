import type { Connection } from 'mongoose'
import type { AdapterPayload } from 'oidc-provider'
import type { Audit } from '../../audit/index.ts'
import type { Changes, Gatherings, Units } from '../../platform/database/index.ts'
import type { Job } from '../../platform/scheduler/index.ts'
import type { Sealer } from '../../platform/seal.ts'
import { clientInvitationModel } from '../clients/invitations.model.ts'
import { type ClientInvitations, createInvitations } from '../clients/invitations.ts'
import { clientModel } from '../clients/model.ts'
import { type ClientStore, createClientStore } from '../clients/store.ts'
import { type Consents, createConsents } from '../consents.ts'
import { keysetModel } from '../keys/model.ts'
import { createSessionEnds, type EndedSession, type SessionEnds } from '../session-ends.ts'
import { artifactModel } from './artifact.model.ts'
import { type Artifacts, createArtifacts } from './artifacts.ts'
import { expiredSessionsJob } from './expired-sessions.ts'
import { createSessions, type Sessions } from './sessions.ts'

/** Where the protocol keeps things. It is there before accounts and pages are, and accounts end sessions through it. */
export interface ProtocolStorage {
  readonly artifacts: Artifacts
  readonly sessions: Sessions
  readonly clients: ClientStore
  readonly clientInvitations: ClientInvitations
  readonly consents: Consents
  /** The ends of sessions, for whoever has to act on them. */
  readonly sessionEnds: SessionEnds
  readonly units: Units
  /** What has to be done again and again, by one process for all. */
  readonly jobs: readonly Job[]
  /** Ends every session, grant and token of an account, at once. */
  readonly endAccount: (accountId: string, reason: string) => Promise<void>
  /** The same, but for the session with this uid and what it granted. */
  readonly endOthers: (accountId: string, uid: string, reason: string) => Promise<void>
}

/** Sessions that are to end. */
interface Ending {
  readonly known: readonly AdapterPayload[]
  /** Deletes what else hangs on the account. @returns the sessions that began meanwhile */
  readonly revoke: () => Promise<readonly EndedSession[]>
}

/** Opens the protocol's collections on this connection. */
export function openProtocolStorage({
  connection,
  gatherings,
  changes,
  sealer,
  audit,
}: {
  connection: Connection
  gatherings: Gatherings
  changes: Changes
  sealer: Sealer
  audit: Audit
}): ProtocolStorage {
  const { units } = gatherings
  const model = artifactModel(connection)
  const records = gatherings.of(model)
  const artifacts = createArtifacts({ records, units, sealer })
  keysetModel(connection)
  const sessionEnds = createSessionEnds()
  const sessions = createSessions({ artifacts, units, tell: sessionEnds.tell })
  const end = async (accountId: string, reason: string, { known, revoke }: Ending) => {
    const ended = await Promise.all(known.map(({ jti }) => sessions.end(String(jti))))
    const begun = await revoke()
    await Promise.all(begun.map(sessionEnds.tell))
    const subject = { accountId, actor: { type: 'system' } } as const
    const all = [...ended.filter(Boolean), ...begun]
    await Promise.all(all.map(() => audit.record('session.ended', subject, { reason })))
  }
  return {
    artifacts,
    sessions,
    sessionEnds,
    units,
    jobs: [expiredSessionsJob({ model, sealer, sessions, audit })],
    clients: createClientStore(clientModel(connection), changes),
    clientInvitations: createInvitations(clientInvitationModel(connection), audit),
    consents: createConsents(connection),
    async endAccount(accountId, reason) {
      const known = await artifacts.findSessions(accountId)
      await end(accountId, reason, { known, revoke: () => artifacts.revokeByAccountId(accountId) })
    },
    async endOthers(accountId, uid, reason) {
      const known = (await artifacts.findSessions(accountId)).filter((session) => session.uid !== uid)
      await end(accountId, reason, { known, revoke: () => artifacts.revokeOthers(accountId, uid) })
    },
  }
}
