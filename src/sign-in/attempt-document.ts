import { hashSecret, newId } from '../platform/ids.ts'
import type { Sealer } from '../platform/seal.ts'
import { type AttemptDocument, type PendingChallenge, sealingContext } from './attempt.model.ts'
import type { AttemptStart } from './attempt-parts.ts'
import type { Begun } from './method.ts'

const PENDING_SECONDS = 15 * 60
const REMEMBERED_SECONDS = 24 * 60 * 60

/** A sign-in that begins, as it is stored. */
export function toDocument(start: AttemptStart, sealer: Sealer): AttemptDocument {
  const { uid, request, expiresAt, evidence = [], wishedAcrs = [] } = start
  const { minimumAcr, isAnew, device, identifier, suggestedIdentifier } = start
  const _id = hashSecret(uid)
  return {
    _id,
    evidence: [...evidence],
    failures: 0,
    wishedAcrs: [...wishedAcrs],
    ...(minimumAcr ? { minimumAcr } : {}),
    request: sealer.seal(JSON.stringify(request), sealingContext('request')({ _id })),
    createdAt: new Date(),
    expiresAt,
    forgottenAt: new Date(expiresAt.getTime() + REMEMBERED_SECONDS * 1000),
    ...(isAnew ? { isAnew } : {}),
    ...(device ? { device } : {}),
    ...(identifier ? { identifier } : {}),
    ...(suggestedIdentifier ? { suggestedIdentifier } : {}),
  }
}

/** A challenge of this method that was just made, as it waits for its answer. */
export function toPending(uid: string, method: string, begun: Begun<unknown>, sealer: Sealer): PendingChallenge {
  const { challenge, state, tries = 1, expiresInSeconds = PENDING_SECONDS } = begun
  return {
    method,
    nonce: newId(),
    sealed: sealer.seal(JSON.stringify({ challenge, state }), sealingContext('pending')({ _id: hashSecret(uid) })),
    tries,
    triesLeft: tries,
    expiresAt: new Date(Date.now() + expiresInSeconds * 1000),
  }
}
