// Mailboxes: proof that somebody reads the mail of an address, by a link and a code that were mailed there. Owns the
// proofs while they wait. Knows neither what they are for nor how the mail looks, and sends none itself.
import type { Connection } from 'mongoose'
import type { Audit } from '../audit/index.ts'
import type { Sealer } from '../platform/seal.ts'
import { type Confirm, createConfirm } from './confirm.ts'
import { proofModel } from './proof.model.ts'
import { createStart, type StartProof } from './start.ts'
import { createWaiting, type Waiting } from './waiting.ts'

export { createMailLimits, type MailLimits } from './limits.ts'
export type { ProofKey } from './proof.model.ts'

/** Proving mailboxes. */
export interface Mailboxes extends Confirm, Waiting {
  readonly start: StartProof
}

/** What this room needs from outside. */
export interface MailboxesDependencies {
  readonly connection: Connection
  readonly sealer: Sealer
  readonly audit: Audit
}

/** Opens the room. */
export function createMailboxes({ connection, sealer, audit }: MailboxesDependencies): Mailboxes {
  const model = proofModel(connection)
  return {
    start: createStart({ model, sealer }),
    ...createConfirm({ model, sealer, audit }),
    ...createWaiting({ model, sealer }),
  }
}
