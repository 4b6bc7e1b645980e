import type { AdapterPayload } from 'oidc-provider'
import type { Gathered } from '../../platform/database/index.ts'
import { hashSecret } from '../../platform/ids.ts'
import type { ArtifactDocument } from './artifact.model.ts'

/** What several requests and processes do to one record at the same time: each writes only over what it has read. */
export interface Changing {
  /**
   * Makes of a record's present content what `change` says, however many others change it at the same time; of the one
   * with this id, or else of the one with this uid.
   * @returns what it is now; undefined, and nothing changed, when there is none or `change` wants nothing
   */
  amend(
    kind: string,
    names: { readonly id: string; readonly uid?: string },
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
   * Deletes the record of this id, and any other of its uid, when `prepare` is done with what each holds. Whoever changes one
   * meanwhile is not missed: it is prepared for anew.
   * @returns what the last of them held; undefined when there was none
   */
  end(
    kind: string,
    names: { readonly id: string; readonly uid?: string | undefined },
    prepare: (payload: AdapterPayload) => Promise<void>,
  ): Promise<AdapterPayload | undefined>
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
  readonly findLive: (kind: string, id: string) => Promise<ArtifactDocument | undefined>
  readonly findLiveByUid: (kind: string, uid: string) => Promise<ArtifactDocument | undefined>
  /** Leaves a write to the end of the request. */
  readonly leave: (write: Promise<unknown>) => Promise<void>
}

/** Sets a record aside, until it is deleted. */
const GONE = { expiresAt: new Date(0) }

/** So often somebody else may have been faster. */
const TRIES = 20

/** Reads and writes until nobody has changed in between what was read. @throws Error when that never happens */
async function untilWritten<T>(attempt: () => Promise<{ readonly is: T } | undefined>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const done = await attempt()
    if (done) return done.is
  }
  throw new Error('a record is changed all the time')
}

/** Changing what these records hold. */
export function createChanging(deps: Dependencies): Changing {
  const { records, open, toDocument, findLive, findLiveByUid, leave } = deps
  const findNamed = async (kind: string, { id, uid }: { id: string; uid?: string | undefined }) =>
    (await findLive(kind, id)) ?? (uid ? await findLiveByUid(kind, uid) : undefined)
  /** Writes over what was read, and over nothing else. */
  const writeOver = ({ _id, kind, payload }: ArtifactDocument, set: object) =>
    records.claim(_id, { when: { kind, payload }, set })

  return {
    amend: (kind, { id, uid }, change, expiresIn) =>
      untilWritten(async () => {
        const document = await findNamed(kind, { id, uid })
        const before = document && open(document)
        const after = before && change(before)
        if (!after || after === before) return { is: after }
        const seconds = expiresIn ?? Number(before.exp) - Math.floor(Date.now() / 1000)
        const { _id, ...set } = toDocument(kind, String(after.jti), after, seconds)
        return (await writeOver(document, set)) ? { is: after } : undefined
      }),
    move: (kind, { from, to }, change, expiresIn) =>
      untilWritten(async () => {
        const document = await findLive(kind, from)
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
    async end(kind, { id, uid }, prepare) {
      let ended: AdapterPayload | undefined
      let known = uid
      return untilWritten(async () => {
        const document = await findNamed(kind, { id, uid: known })
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
    },
  }
}
