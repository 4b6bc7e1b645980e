import type { Model } from 'mongoose'
import type { AdapterPayload } from 'oidc-provider'
import { hashSecret } from '../../platform/ids.ts'
import type { Sealer } from '../../platform/seal.ts'
import type { ArtifactDocument } from './artifact.model.ts'

/** The library's records, by kind and plain id, on MongoDB. */
export interface Artifacts {
  upsert(kind: string, id: string, payload: AdapterPayload, expiresIn: number | undefined): Promise<void>
  /** Like upsert, but never over an existing record. @returns whether it was new */
  insert(kind: string, id: string, payload: AdapterPayload, expiresIn: number | undefined): Promise<boolean>
  find(kind: string, id: string): Promise<AdapterPayload | undefined>
  findByUid(kind: string, uid: string): Promise<AdapterPayload | undefined>
  findByUserCode(kind: string, userCode: string): Promise<AdapterPayload | undefined>
  /** Marks it as used, once. @returns false when it was used before, has expired or is not there */
  consume(kind: string, id: string): Promise<boolean>
  destroy(kind: string, id: string): Promise<void>
  revokeByGrantId(grantId: string): Promise<void>
  /** Everything that lives on for an account, newest sessions included, gone at once. */
  revokeByAccountId(accountId: string): Promise<AdapterPayload[]>
}

const DUPLICATE_KEY = 11000
const contextOf = (document: Pick<ArtifactDocument, '_id' | 'kind'>) => `artifact:${document.kind}:${document._id}`

/**
 * Records on this model. Grant ids are no secrets; they are hashed like all the rest, which keeps one rule.
 * Reading checks expiry, consuming is one conditional update, so no rule hangs on the TTL sweep or on a transaction.
 */
export function createArtifacts(model: Model<ArtifactDocument>, sealer: Sealer): Artifacts {
  const unexpired = () => ({ $or: [{ expiresAt: { $exists: false } }, { expiresAt: { $gt: new Date() } }] })
  const open = (document: ArtifactDocument): AdapterPayload => {
    const payload = JSON.parse(sealer.open(document.payload, contextOf(document)))
    // The truth about use and expiry stands beside the sealed payload.
    if (document.consumedAt) payload.consumed = Math.floor(document.consumedAt.getTime() / 1000)
    if (document.expiresAt) payload.exp = Math.floor(document.expiresAt.getTime() / 1000)
    return payload
  }
  const findOne = async (filter: object) => {
    const document = await model.findOne({ ...filter, ...unexpired() }).lean<ArtifactDocument>()
    return document ? open(document) : undefined
  }
  const toDocument = (kind: string, id: string, payload: AdapterPayload, expiresIn: number | undefined) => {
    const _id = hashSecret(id)
    const expiresAt = expiresIn === undefined ? undefined : new Date(Date.now() + expiresIn * 1000)
    const { grantId, accountId, clientId, uid, userCode } = payload
    const beside = {
      expiresAt,
      grantId,
      accountId,
      clientId,
      uidHash: uid === undefined ? undefined : hashSecret(uid),
      userCodeHash: userCode === undefined ? undefined : hashSecret(userCode),
    }
    const kept = Object.fromEntries(Object.entries(beside).filter(([, value]) => value !== undefined))
    return { ...kept, _id, kind, payload: sealer.seal(JSON.stringify(payload), contextOf({ _id, kind })) }
  }

  return {
    // Replaced whole, so that a field (an expiry, say) which is no longer there is gone. Being used outlives a save.
    async upsert(kind, id, payload, expiresIn) {
      const { consumed } = payload
      const consumedAt = typeof consumed === 'number' ? { consumedAt: new Date(consumed * 1000) } : {}
      const document = { ...toDocument(kind, id, payload, expiresIn), ...consumedAt }
      await model.replaceOne({ _id: document._id, kind }, document, { upsert: true })
    },
    async insert(kind, id, payload, expiresIn) {
      try {
        await model.insertOne(toDocument(kind, id, payload, expiresIn))
        return true
      } catch (error) {
        if ((error as { code?: unknown }).code === DUPLICATE_KEY) return false
        throw error
      }
    },
    find: (kind, id) => findOne({ _id: hashSecret(id), kind }),
    findByUid: (kind, uid) => findOne({ uidHash: hashSecret(uid), kind }),
    findByUserCode: (kind, userCode) => findOne({ userCodeHash: hashSecret(userCode), kind }),
    async consume(kind, id) {
      const filter = { _id: hashSecret(id), kind, consumedAt: { $exists: false }, ...unexpired() }
      const { modifiedCount } = await model.updateOne(filter, { $set: { consumedAt: new Date() } })
      return modifiedCount === 1
    },
    async destroy(kind, id) {
      await model.deleteOne({ _id: hashSecret(id), kind })
    },
    async revokeByGrantId(grantId) {
      if (grantId) await model.deleteMany({ grantId })
    },
    async revokeByAccountId(accountId) {
      if (!accountId) return []
      const sessions = await model.find({ accountId, kind: 'Session', ...unexpired() }).lean<ArtifactDocument[]>()
      await model.deleteMany({ accountId })
      return sessions.map(open)
    },
  }
}
