import type { Connection } from 'mongoose'
import type { Audit } from '../../audit/index.ts'
import type { Changes, Gatherings, Units } from '../../platform/database/index.ts'
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

/** Where the protocol keeps things. It is there before accounts and pages are, and accounts end sessions through it. */
export interface ProtocolStorage {
  readonly artifacts: Artifacts
  readonly clients: ClientStore
  readonly clientInvitations: ClientInvitations
  readonly consents: Consents
  /** The ends of sessions, for whoever has to act on them. */
  readonly sessionEnds: SessionEnds
  readonly units: Units
  /** Ends every session, grant and token of an account, at once. */
  readonly endAccount: (accountId: string, reason: string) => Promise<void>
  /** The same, but for the session with this uid and what it granted. */
  readonly endOthers: (accountId: string, uid: string, reason: string) => Promise<void>
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
  const artifacts = createArtifacts({ records: gatherings.of(artifactModel(connection)), units, sealer })
  keysetModel(connection)
  const sessionEnds = createSessionEnds()
  const tell = async (accountId: string, sessions: readonly EndedSession[], reason: string) => {
    await Promise.all(
      sessions.flatMap((session) => [
        sessionEnds.tell(session),
        audit.record('session.ended', { accountId, actor: { type: 'system' } }, { reason }),
      ]),
    )
  }
  return {
    artifacts,
    sessionEnds,
    units,
    clients: createClientStore(clientModel(connection), changes),
    clientInvitations: createInvitations(clientInvitationModel(connection), audit),
    consents: createConsents(connection),
    endAccount: async (accountId, reason) => tell(accountId, await artifacts.revokeByAccountId(accountId), reason),
    endOthers: async (accountId, uid, reason) => tell(accountId, await artifacts.revokeOthers(accountId, uid), reason),
  }
}
