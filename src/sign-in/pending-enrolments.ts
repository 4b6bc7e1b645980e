import type { Model } from 'mongoose'
import { newId } from '../platform/ids.ts'
import type { Sealer } from '../platform/seal.ts'
import type { BegunEnrolment, EnrolmentChallenge } from './enrollable.ts'
import { type EnrolmentDocument, sealingContext } from './enrolment.model.ts'

const PENDING_SECONDS = 10 * 60
const TRIES = 5

/** What waits to be confirmed: sealed, one per account and method, used up by one conditional update. */
export function createPending({ model, sealer }: { model: Model<EnrolmentDocument>; sealer: Sealer }) {
  const idOf = (accountId: string, method: string) => `${accountId}:${method}`
  const live = (accountId: string, method: string) => ({
    _id: idOf(accountId, method),
    triesLeft: { $gt: 0 },
    expiresAt: { $gt: new Date() },
  })
  const open = ({ _id, sealed }: EnrolmentDocument): { challenge: EnrolmentChallenge; state: unknown } =>
    JSON.parse(sealer.open(sealed, sealingContext({ _id })))

  return {
    async keep(accountId: string, method: string, begun: BegunEnrolment<unknown>) {
      const { challenge, state, tries = TRIES, expiresInSeconds = PENDING_SECONDS } = begun
      const _id = idOf(accountId, method)
      const sealed = sealer.seal(JSON.stringify({ challenge, state }), sealingContext({ _id }))
      const expiresAt = new Date(Date.now() + expiresInSeconds * 1000)
      await model.replaceOne({ _id }, { nonce: newId(), sealed, triesLeft: tries, expiresAt }, { upsert: true })
    },
    async find(accountId: string, method: string) {
      const document = await model.findOne(live(accountId, method)).lean<EnrolmentDocument>()
      return document ? open(document).challenge : undefined
    },
    async cancel(accountId: string, method: string) {
      await model.deleteOne({ _id: idOf(accountId, method) })
    },
    async takeTry(accountId: string, method: string) {
      const document = await model
        .findOneAndUpdate(live(accountId, method), { $inc: { triesLeft: -1 } }, { returnDocument: 'after' })
        .lean<EnrolmentDocument>()
      return document && { nonce: document.nonce, triesLeft: document.triesLeft, state: open(document).state }
    },
    async useUp(accountId: string, method: string, nonce: string) {
      const { deletedCount } = await model.deleteOne({ _id: idOf(accountId, method), nonce })
      return deletedCount === 1
    },
  }
}
