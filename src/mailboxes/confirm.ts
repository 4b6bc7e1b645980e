import { timingSafeEqual } from 'node:crypto'
import type { Model } from 'mongoose'
import type { Audit, Origin } from '../audit/index.ts'
import { hashSecret } from '../platform/ids.ts'
import type { Sealer } from '../platform/seal.ts'
import { openContent, type ProofDocument, type ProofKey, proofId } from './proof.model.ts'

/** What came of a typed code. */
export type Typed = 'proved' | 'wrong' | 'gone'

/** What came of a link that was followed. */
export type Followed =
  | { readonly outcome: 'proved'; readonly returnPath: string }
  /** Another browser than the one that asked: the code is for typing there. */
  | { readonly outcome: 'elsewhere'; readonly code: string }
  | { readonly outcome: 'gone' }

/** Giving proofs. */
export interface Confirm {
  /** The code was typed where the proof was started. */
  readonly typeCode: (key: ProofKey, code: string, origin: Origin) => Promise<Typed>
  /** What a link that is still good is for. */
  readonly purposeOf: (token: string) => Promise<ProofKey['purpose'] | undefined>
  /**
   * The link was followed and its button pressed. It counts in the browser that asked and nowhere else: whoever gets
   * somebody to press a button that they did not ask for has proved nothing.
   */
  readonly follow: (token: string, browser: string | undefined, origin: Origin) => Promise<Followed>
}

/** Once it is given, a proof can be used for so long. */
const PROVED_SECONDS = 30 * 60

/** Codes may be typed with spaces or a dash in them. */
const digits = (typed: string) => typed.normalize('NFKC').replace(/\D/g, '')

function isSame(code: string, typed: string): boolean {
  const [expected, actual] = [Buffer.from(code), Buffer.from(digits(typed).slice(0, code.length + 1))]
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

interface Dependencies {
  readonly model: Model<ProofDocument>
  readonly sealer: Sealer
  readonly audit: Audit
}

/** Giving proofs, on this model. Each is given once, by one conditional update. */
export function createConfirm({ model, sealer, audit }: Dependencies): Confirm {
  const open = () => ({ provedAt: { $exists: false }, expiresAt: { $gt: new Date() } })

  const prove = async (document: ProofDocument): Promise<boolean> => {
    const now = Date.now()
    const { modifiedCount } = await model.updateOne(
      { _id: document._id, linkHash: document.linkHash, ...open() },
      { $set: { provedAt: new Date(now), expiresAt: new Date(now + PROVED_SECONDS * 1000) } },
    )
    return modifiedCount === 1
  }

  const told = async (document: ProofDocument, by: 'link' | 'code', origin: Origin) =>
    audit.record('mailbox.proved', { origin }, { purpose: document.purpose, by })
  const refuse = async (reason: string, origin: Origin) => audit.record('mailbox.refused', { origin }, { reason })

  return {
    async typeCode(key, code, origin) {
      // Counted before it is compared: parallel guesses cannot pass the limit.
      const document = await model
        .findOneAndUpdate(
          { _id: proofId(key), triesLeft: { $gt: 0 }, ...open() },
          { $inc: { triesLeft: -1 } },
          { returnDocument: 'after' },
        )
        .lean<ProofDocument>()
      if (!document) {
        await refuse('no proof waits, or no try is left', origin)
        return 'gone'
      }
      const content = openContent(sealer, document)
      const matches = isSame(content.code, code) && !content.isDecoy
      if (matches && (await prove(document))) {
        await told(document, 'code', origin)
        return 'proved'
      }
      await refuse(matches ? 'given at the same moment' : 'wrong code', origin)
      return document.triesLeft > 0 ? 'wrong' : 'gone'
    },

    async purposeOf(token) {
      const found = await model.findOne({ linkHash: hashSecret(token), ...open() }).lean<ProofDocument>()
      return found?.purpose
    },

    async follow(token, browser, origin) {
      const document = await model.findOne({ linkHash: hashSecret(token), ...open() }).lean<ProofDocument>()
      if (document) {
        const { code, returnPath } = openContent(sealer, document)
        if (document.browserHash !== hashSecret(browser ?? '')) return { outcome: 'elsewhere', code }
        if (await prove(document)) {
          await told(document, 'link', origin)
          return { outcome: 'proved', returnPath }
        }
      }
      await refuse('an unknown, used or expired link', origin)
      return { outcome: 'gone' }
    },
  }
}
