import type { Model } from 'mongoose'
import type { Audit, EventSubject } from '../../audit/index.ts'
import { hashSecret, newId, newSecret } from '../../platform/ids.ts'
import type { ClientInvitationDocument } from './invitations.model.ts'
import { refusals } from './refusals.ts'

const DAY_MS = 86_400_000

/** What can be told of an invitation. */
export interface ClientInvitation {
  readonly id: string
  readonly uses: number
  readonly usesLeft: number
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly lastUsedAt?: Date
}

/** Tokens with which apps register themselves. */
export interface ClientInvitations {
  /** A token for so many registrations within so many days, shown this once. */
  readonly issue: (
    options: { readonly uses: number; readonly days: number },
    subject?: EventSubject,
  ) => Promise<ClientInvitation & { readonly token: string }>
  /** Whether the token is good for one registration more. */
  readonly isGood: (token: string) => Promise<boolean>
  /** Takes one use of it. @returns the invitation's id @throws Refusal `client.token_invalid` */
  readonly consume: (token: string) => Promise<string>
  /** Those that have not expired, oldest first. */
  readonly list: () => Promise<ClientInvitation[]>
  /** @throws Refusal `client.invitation_unknown` */
  readonly revoke: (id: string, subject?: EventSubject) => Promise<void>
}

const present = ({ _id, tokenHash: _, ...rest }: ClientInvitationDocument): ClientInvitation => ({ id: _id, ...rest })
const system: EventSubject = { actor: { type: 'system' } }

/** Invitations on this model. */
export function createInvitations(model: Model<ClientInvitationDocument>, audit: Audit): ClientInvitations {
  const good = (token: string) => ({
    tokenHash: hashSecret(token),
    usesLeft: { $gt: 0 },
    expiresAt: { $gt: new Date() },
  })
  return {
    async issue({ uses, days }, subject = system) {
      const token = newSecret()
      const createdAt = new Date()
      const document: ClientInvitationDocument = {
        _id: `inv_${newId()}`,
        tokenHash: hashSecret(token),
        uses,
        usesLeft: uses,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + days * DAY_MS),
      }
      await model.create(document)
      await audit.record('client.invited', subject, { invitationId: document._id, uses, days })
      return { ...present(document), token }
    },
    isGood: async (token) => (await model.exists(good(token))) !== null,
    // Counted down by the one update that also asks whether any are left: as many get in as were invited.
    async consume(token) {
      const change = { $inc: { usesLeft: -1 }, $set: { lastUsedAt: new Date() } }
      const found = await model.findOneAndUpdate(good(token), change).lean<ClientInvitationDocument>()
      if (!found) throw refusals.tokenInvalid()
      return found._id
    },
    async list() {
      const documents = await model.find({ expiresAt: { $gt: new Date() } }).sort({ createdAt: 1, _id: 1 })
      return documents.map((document) => present(document.toObject()))
    },
    async revoke(id, subject = system) {
      const { deletedCount } = await model.deleteOne({ _id: id })
      if (deletedCount === 0) throw refusals.invitationUnknown(id)
      await audit.record('client.invitation_revoked', subject, { invitationId: id })
    },
  }
}
