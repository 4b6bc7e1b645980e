import type { AdapterPayload } from 'oidc-provider'
import type { Gathered, Units } from '../../platform/database/index.ts'
import { hashSecret } from '../../platform/ids.ts'
import { present } from '../../platform/present.ts'
import { createRecent } from '../../platform/recent.ts'
import type { Sealer } from '../../platform/seal.ts'
import { type ArtifactDocument, payloadContext } from './artifact.model.ts'
import { type Changing, createChanging, isLive, isThere } from './changing.ts'
import { openReadable, rememberOpened } from './opened.ts'
import { createReadAhead, readOne } from './read-ahead.ts'
import { type Related, relatedOf } from './related.ts'

/** How a single-use record was used for the first time, and what it belongs to. */
export interface Use {
  readonly at: Date
  /** The address that it was used from. */
  readonly from?: string | undefined
  /** Of a refresh token: the hash of its successor. */
  readonly successorHash?: string | undefined
  readonly grantId?: string | undefined
  readonly accountId?: string | undefined
  readonly clientId?: string | undefined
}

/** The library's records, by kind and plain id, on MongoDB. */
export interface Artifacts extends Changing {
  upsert(kind: string, id: string, payload: AdapterPayload, expiresIn: number | undefined): Promise<void>
  /** Like upsert, but never over an existing record. @returns whether it was new */
  insert(kind: string, id: string, payload: AdapterPayload, expiresIn: number | undefined): Promise<boolean>
  /** Like upsert, but one that is not there any more stays gone. */
  update(kind: string, id: string, payload: AdapterPayload, expiresIn: number | undefined): Promise<void>
  /** Like upsert, but an existing record stays as it is. */
  insertMissing(kind: string, id: string, payload: AdapterPayload, expiresIn: number | undefined): Promise<void>
  /**
   * @param foresee is told what hangs together with the record: while it is read, what this process saw of it before, as
   * a guess at what is asked for next, and then what is true
   */
  find(kind: string, id: string, foresee?: Foresee): Promise<AdapterPayload | undefined>
  /** Begins to read what will be asked for in this unit of work, together with what is read now. */
  expect(expected: Pick<Related, 'grantId' | 'sessionUid'>): void
  findByUid(kind: string, uid: string): Promise<AdapterPayload | undefined>
  findByUserCode(kind: string, userCode: string): Promise<AdapterPayload | undefined>
  /** Marks it as used, once. @returns false when it was used before, has expired or is not there */
  consume(kind: string, id: string, use: Pick<Use, 'from' | 'successorHash'>): Promise<boolean>
  /** How it was used, if it was. */
  findUse(kind: string, id: string): Promise<Use | undefined>
  destroy(kind: string, id: string): Promise<void>
  revokeByGrantId(grantId: string): Promise<void>
  /** A grant and all that was issued on it. Both are gone when this resolves. */
  revokeGrant(grantId: string): Promise<void>
  /** Everything that was granted to a client. */
  revokeByClientId(clientId: string): Promise<void>
  /** The sessions of an account whose end nobody was told of yet: also those that ran out just now. */
  findSessions(accountId: string): Promise<AdapterPayload[]>
  /** Everything that lives on for an account, newest sessions included, gone at once. */
  revokeByAccountId(accountId: string): Promise<AdapterPayload[]>
  /** The same, but for the session with this uid, its grants and their tokens. */
  revokeOthers(accountId: string, uid: string): Promise<AdapterPayload[]>
}

/** Begins to read what is asked for after this. */
export type Foresee = (related: Related) => void

/** The grants that a session gave its clients. */
export const grantIdsOf = (authorizations: NonNullable<AdapterPayload['authorizations']>) =>
  Object.values(authorizations).flatMap(({ grantId }) => grantId ?? [])

interface Dependencies {
  readonly records: Gathered<ArtifactDocument>
  readonly units: Units
  readonly sealer: Sealer
}

/** So many records, of which little is kept. */
const MOST_SEEN = 10_000

/**
 * Records in this collection. Grant ids are no secrets; they are hashed like all the rest, which keeps one rule.
 * Reading checks expiry, consuming is one conditional update, so no rule hangs on the TTL sweep or on a transaction.
 * What is saved and destroyed within a request is left to its end, and kept before it is answered.
 */
export function createArtifacts({ records, units, sealer }: Dependencies): Artifacts {
  const opened = rememberOpened(sealer)
  const open = (document: ArtifactDocument): AdapterPayload => {
    const payload = JSON.parse(opened.open(document.payload, payloadContext(document)))
    // The truth about use and expiry stands beside the sealed payload.
    if (document.consumedAt) payload.consumed = Math.floor(document.consumedAt.getTime() / 1000)
    if (document.expiresAt) payload.exp = Math.floor(document.expiresAt.getTime() / 1000)
    return payload
  }
  const seen = createRecent<Related>(MOST_SEEN)
  const remember = (_id: string, payload: AdapterPayload) => {
    const related = relatedOf(payload)
    if (related) seen.set(_id, related)
    return related
  }
  const toDocument = (kind: string, id: string, payload: AdapterPayload, expiresIn: number | undefined) => {
    const _id = hashSecret(id)
    remember(_id, payload)
    const { grantId, accountId, clientId, uid, userCode, consumed } = payload
    return present({
      // First, where the server wants it: it would make every document anew.
      _id,
      kind,
      payload: sealer.seal(JSON.stringify(payload), payloadContext({ _id, kind })),
      expiresAt: expiresIn === undefined ? undefined : new Date(Date.now() + expiresIn * 1000),
      consumedAt: typeof consumed === 'number' ? new Date(consumed * 1000) : undefined,
      // A sign-in under way names a grant, but does not come of it: it goes on when that is revoked.
      grantId: kind === 'Interaction' ? undefined : grantId,
      accountId,
      clientId,
      uidHash: uid === undefined ? undefined : hashSecret(uid),
      userCodeHash: userCode === undefined ? undefined : hashSecret(userCode),
    })
  }
  const ahead = createReadAhead(records, units)
  const readForeseeing = (kind: string, _id: string, foresee: Foresee | undefined) => {
    const guess = seen.get(_id)
    if (guess?.kind === kind) foresee?.(guess)
    return readOne(records, _id)
  }
  const liveOf = (kind: string, documents: readonly ArtifactDocument[]) =>
    documents.filter((document) => document.kind === kind && isLive(document))
  /** What is written to the end of the request, after which nothing that was read ahead counts. */
  const leave = (write: Promise<unknown>) => {
    ahead.forget()
    return units.leave(write)
  }
  const revokeBy = (field: 'grantId' | 'clientId' | 'accountId', value: string) => {
    ahead.forget()
    return records.deleteBy(field, value)
  }

  /** Those that have expired are told of as well, when they are deleted before they were swept. */
  const untoldOf = (documents: readonly ArtifactDocument[]) =>
    openReadable(
      documents.filter((document) => document.kind === 'Session' && isThere(document)),
      open,
    )

  return {
    ...createChanging({ records, open, toDocument, leave }),
    // Replaced whole, so that a field (an expiry, say) which is no longer there is gone. Being used outlives a save.
    upsert: (kind, id, payload, expiresIn) => leave(records.replace(toDocument(kind, id, payload, expiresIn))),
    update: (kind, id, payload, expiresIn) => leave(records.update(toDocument(kind, id, payload, expiresIn))),
    insert: (kind, id, payload, expiresIn) => records.insert(toDocument(kind, id, payload, expiresIn)),
    insertMissing: (kind, id, payload, expiresIn) => leave(records.insert(toDocument(kind, id, payload, expiresIn))),
    async find(kind, id, foresee) {
      const [found] = liveOf(kind, await (ahead.take(id) ?? readForeseeing(kind, hashSecret(id), foresee)))
      const payload = found && open(found)
      const related = payload && remember(found._id, payload)
      if (related) foresee?.(related)
      return payload
    },
    expect: ahead.begin,
    // While a session changes its id there may be two of one uid: they are the same session.
    async findByUid(kind, uid) {
      const [found] = liveOf(kind, await (ahead.take(uid) ?? records.findBy('uidHash', hashSecret(uid))))
      return found && open(found)
    },
    // Of two that answer to one user code neither is meant: nobody approves the wrong one.
    async findByUserCode(kind, userCode) {
      const [found, another] = liveOf(kind, await records.findBy('userCodeHash', hashSecret(userCode)))
      return found && !another ? open(found) : undefined
    },
    consume(kind, id, { from, successorHash }) {
      const now = new Date()
      const isUnexpired = [{ expiresAt: { $exists: false } }, { expiresAt: { $gt: now } }]
      const when = { kind, consumedAt: { $exists: false }, $or: isUnexpired }
      return records.claim(hashSecret(id), {
        when,
        set: { consumedAt: now, ...present({ consumedFrom: from, successorHash }) },
      })
    },
    async findUse(kind, id) {
      const found = await records.find(hashSecret(id))
      if (found?.kind !== kind || !found.consumedAt) return undefined
      const { consumedAt: at, consumedFrom: from, successorHash, grantId, accountId, clientId } = found
      return { at, from, successorHash, grantId, accountId, clientId }
    },
    destroy: (kind, id) => leave(records.delete(hashSecret(id), { kind })),
    async revokeByGrantId(grantId) {
      if (grantId) await revokeBy('grantId', grantId)
    },
    async revokeGrant(grantId) {
      await Promise.all([revokeBy('grantId', grantId), records.delete(hashSecret(grantId), { kind: 'Grant' })])
    },
    async revokeByClientId(clientId) {
      if (clientId) await revokeBy('clientId', clientId)
    },
    findSessions: async (accountId) => untoldOf(await records.findBy('accountId', accountId)),
    async revokeByAccountId(accountId) {
      if (!accountId) return []
      const found = await records.findBy('accountId', accountId)
      await revokeBy('accountId', accountId)
      return untoldOf(found)
    },
    async revokeOthers(accountId, uid) {
      const found = await records.findBy('accountId', accountId)
      const own = found.filter(({ kind, uidHash }) => kind === 'Session' && uidHash === hashSecret(uid))
      const grantIds = new Set(own.map(open).flatMap(({ authorizations = {} }) => grantIdsOf(authorizations)))
      const grants = new Set([...grantIds].map(hashSecret))
      const others = found.filter(
        (document) => !own.includes(document) && !grants.has(document._id) && !grantIds.has(document.grantId ?? ''),
      )
      ahead.forget()
      await Promise.all(others.map(({ _id, kind }) => records.delete(_id, { kind })))
      return untoldOf(others)
    },
  }
}
