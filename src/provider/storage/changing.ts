import type { AdapterPayload } from 'oidc-provider'
import type { Gathered } from '../../platform/database/index.ts'
import { hashSecret } from '../../platform/ids.ts'
import type { ArtifactDocument } from './artifact.model.ts'

interface Names {
  readonly id: string
  readonly uid?: string | undefined
}
type Prepare = (payload: AdapterPayload) => Promise<void>

/** What several requests and processes do to one record at the same time: each writes only over what it has read. */
export interface Changing {
  /**
   * Makes of a record's present content what `change` says, however many others change it at the same time; of the one
   * with this id, or else of the one with this uid.
   * @returns what it is now; undefined, and nothing changed, when there is none or `change` wants nothing
   */
  amend(
    kind: string,
    names: Names,
    change: (payload: AdapterPayload) => AdapterPayload | undefined,
    expiresIn: number | undefined,
  ): Promise<AdapterPayload | undefined>
  /** Gives a record another id, with what `change` makes of its content at that moment. @returns undefined when it is gone */
  move(
    kind: string,
    ids: { readonly from: string; readonly to: string },
    change: (payload: AdapterPayload) => AdapterPayload,
    expiresIn: number | undefined,
  ): Promise<AdapterPayload | undefined>
  /**
   * Deletes the record of this id, and any other of its uid, when `prepare` is done with what each holds: also one that has
   * expired and was not swept. Whoever changes one meanwhile is not missed: it is prepared for anew.
   * @returns what the last of them held; undefined when there was none
   */
  end(kind: string, names: Names, prepare: Prepare): Promise<AdapterPayload | undefined>
  /**
   * The same for records that have expired, and for no other. Nobody can make one live again that is being ended; where
   * another of its uid is live, or somebody was faster, nothing is done.
   */
  endExpired(kind: string, names: Names, prepare: Prepare): Promise<AdapterPayload | undefined>
}

interface Dependencies {
  readonly records: Gathered<ArtifactDocument>
  readonly open: (document: ArtifactDocument) => AdapterPayload
  readonly toDocument: (
    kind: string,
    id: string,
    payload: AdapterPayload,
    expiresIn: number | undefined,
  ) => ArtifactDocument
  /** Leaves a write to the end of the request. */
  readonly leave: (write: Promise<unknown>) => Promise<void>
}

/** Sets a record aside, until it is deleted. */
export const GONE = { expiresAt: new Date(0) }
/** Closes one that has expired: it is over for good, and is still to be ended. */
const CLOSED = { expiresAt: new Date(1) }

type Which = (document: ArtifactDocument) => boolean
export const isLive: Which = ({ expiresAt }) => expiresAt === undefined || expiresAt.getTime() > Date.now()
/** Whether nobody has ended it yet. */
export const isThere: Which = ({ expiresAt }) => expiresAt?.getTime() !== GONE.expiresAt.getTime()
const isOver: Which = (document) => isThere(document) && !isLive(document)

/** So often somebody else may have been faster. */
const TRIES = 20

type Read = Pick<ArtifactDocument, '_id' | 'kind' | 'payload'> & { readonly expiresAt?: Date | null }

/** Reads and writes until nobody has changed in between what was read. @throws Error when that never happens */
async function untilWritten<T>(attempt: () => Promise<{ readonly is: T } | undefined>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const done = await attempt()
    if (done) return done.is
  }
  throw new Error('a record is changed all the time')
}

/** Changing what these records hold. */
export function createChanging({ records, open, toDocument, leave }: Dependencies): Changing {
  const findByUid = async (kind: string, uid: string, isWanted: Which) =>
    (await records.findBy('uidHash', hashSecret(uid))).find((found) => found.kind === kind && isWanted(found))
  const find = async (kind: string, { id, uid }: Names, isWanted: Which) => {
    const found = await records.find(hashSecret(id))
    if (found?.kind === kind && isWanted(found)) return found
    return uid ? findByUid(kind, uid, isWanted) : undefined
  }
  /** Writes over what was read, and over nothing else. */
  const writeOver = ({ _id, kind, payload, expiresAt = null }: Read, set: object) =>
    records.claim(_id, { when: { kind, payload, expiresAt }, set })

  const end = (kind: string, { id, uid }: Names, prepare: Prepare, isWanted: Which) => {
    let ended: AdapterPayload | undefined
    let known = uid
    return untilWritten(async () => {
      const document = await find(kind, { id, uid: known }, isWanted)
      if (!document) return { is: ended }
      const payload = open(document)
      known = payload.uid
      await prepare(payload)
      if (await writeOver(document, GONE)) {
        ended = payload
        await leave(records.delete(document._id, { kind }))
      }
      return undefined
    })
  }

  return {
    amend: (kind, names, change, expiresIn) =>
      untilWritten(async () => {
        const document = await find(kind, names, isLive)
        const before = document && open(document)
        const after = before && change(before)
        if (!after || after === before) return { is: after }
        const seconds = expiresIn ?? Number(before.exp) - Math.floor(Date.now() / 1000)
        const { _id, ...set } = toDocument(kind, String(after.jti), after, seconds)
        return (await writeOver(document, set)) ? { is: after } : undefined
      }),
    move: (kind, { from, to }, change, expiresIn) =>
      untilWritten(async () => {
        const document = await find(kind, { id: from }, isLive)
        if (!document) return { is: undefined }
        const after = change(open(document))
        // First there are two, then one: who changes the old one in between is not missed.
        await records.replace(toDocument(kind, to, after, expiresIn))
        if (await writeOver(document, GONE)) {
          await leave(records.delete(document._id, { kind }))
          return { is: after }
        }
        // The old one may be over, and nobody would end the new one.
        await records.delete(hashSecret(to), { kind })
        return undefined
      }),
    end: (kind, names, prepare) => end(kind, names, prepare, isThere),
    async endExpired(kind, names, prepare) {
      const document = await find(kind, { id: names.id }, isOver)
      // One that is getting another id, or was cut off in that, may be the one that the browser knows.
      if (!document || (names.uid && (await findByUid(kind, names.uid, isLive)))) return undefined
      // Told of it are those that take part in it now; who has read it before it expired does not change it any more.
      if (!(await writeOver(document, CLOSED))) return undefined
      return end(kind, names, prepare, isOver)
    },
  }
}
