import { randomInt } from 'node:crypto'
import type { Model } from 'mongoose'
import { hashSecret, newSecret } from '../platform/ids.ts'
import type { Sealer } from '../platform/seal.ts'
import { codeHash, contextOf, type ResetContent, type ResetDocument, resetId } from './reset.model.ts'

/** A reset to be kept. */
export interface NewReset {
  /** Undefined for an address that nobody may reset a password for. */
  readonly accountId: string | undefined
  readonly identifier: string
  /** The secret of the browser that asked; without one there is a link and no code. */
  readonly browser?: string | undefined
  readonly returnPath?: string | undefined
  readonly expiresInSeconds: number
}

/** What is mailed or printed. Shown to nobody else. */
export interface KeptReset {
  /** 256 bits. */
  readonly token: string
  readonly code: string
  readonly expiresAt: Date
}

/** A reset that somebody holds the link of. */
export interface OpenReset extends ResetContent {
  readonly accountId: string
}

/** Resets while they wait. */
export interface Resets {
  keep(reset: NewReset): Promise<KeptReset>
  find(token: string): Promise<OpenReset | undefined>
  /** What this browser asked for last. */
  findAsked(browser: string): Promise<ResetContent | undefined>
  /**
   * Takes the code where it was asked for, once, and gives the token of a new link for it.
   * @returns `wrong` while there are tries left, `gone` after that
   */
  takeCode(browser: string, code: string): Promise<{ token: string } | 'wrong' | 'gone'>
  /** Uses it up. @returns whether it was there, which one of any number of callers is told */
  take(token: string): Promise<boolean>
}

const CODE_DIGITS = 8
const CODE_TRIES = 5

/** Resets on this model; each is one document, and every step one conditional update of it. */
export function createResets(model: Model<ResetDocument>, sealer: Sealer): Resets {
  const unexpired = () => ({ expiresAt: { $gt: new Date() } })
  const open = (document: ResetDocument): ResetContent => JSON.parse(sealer.open(document.sealed, contextOf(document)))

  return {
    async keep({ accountId, identifier, browser, returnPath, expiresInSeconds }) {
      const _id = resetId(accountId ? { accountId } : { identifier })
      const token = newSecret()
      const code = String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, '0')
      const createdAt = new Date()
      const expiresAt = new Date(createdAt.getTime() + expiresInSeconds * 1000)
      await model.replaceOne(
        { _id },
        {
          ...(accountId ? { accountId } : {}),
          ...(browser ? { browserHash: hashSecret(browser), codeHash: codeHash(browser, code) } : {}),
          linkHash: hashSecret(token),
          triesLeft: CODE_TRIES,
          sealed: sealer.seal(JSON.stringify({ identifier, returnPath }), contextOf({ _id })),
          createdAt,
          expiresAt,
        },
        { upsert: true },
      )
      return { token, code, expiresAt }
    },

    async find(token) {
      const document = await model.findOne({ linkHash: hashSecret(token), ...unexpired() }).lean<ResetDocument>()
      return document?.accountId ? { ...open(document), accountId: document.accountId } : undefined
    },

    async findAsked(browser) {
      const asked = { browserHash: hashSecret(browser), ...unexpired() }
      const document = await model.findOne(asked).sort({ createdAt: -1 }).lean<ResetDocument>()
      return document ? open(document) : undefined
    },

    async takeCode(browser, code) {
      // Counted before it is compared: guesses at the same moment cannot pass the limit.
      const asked = { browserHash: hashSecret(browser), codeHash: { $exists: true }, ...unexpired() }
      const document = await model
        .findOneAndUpdate(
          { ...asked, triesLeft: { $gt: 0 } },
          { $inc: { triesLeft: -1 } },
          { sort: { createdAt: -1 }, returnDocument: 'after' },
        )
        .lean<ResetDocument>()
      if (!document) return 'gone'
      const given = codeHash(browser, code.normalize('NFKC').replace(/\D/g, ''))
      const token = newSecret()
      const { modifiedCount } = await model.updateOne(
        { _id: document._id, accountId: { $exists: true }, codeHash: given, ...unexpired() },
        { $set: { linkHash: hashSecret(token) }, $unset: { codeHash: 1 } },
      )
      if (modifiedCount === 1) return { token }
      return document.triesLeft > 0 ? 'wrong' : 'gone'
    },

    async take(token) {
      const { deletedCount } = await model.deleteOne({ linkHash: hashSecret(token), ...unexpired() })
      return deletedCount === 1
    },
  }
}
