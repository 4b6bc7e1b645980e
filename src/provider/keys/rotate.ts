import type { Audit } from '../../audit/index.ts'
import type { Keyset, Keysets } from './keysets.ts'
import { makeKey } from './make-key.ts'
import { applyChange, type Change, type KeyRecord, type RotationPolicy } from './schedule.ts'

/** On whose behalf keys change. */
export type RotationCause = 'start' | 'schedule' | 'cli' | 'revocation'

interface Dependencies {
  readonly keysets: Keysets
  readonly audit: Audit
  readonly policy: RotationPolicy
}

const isNothing = ({ make, promote, retire, remove = [], hasten }: Change, keys: readonly KeyRecord[]) =>
  !make && !promote && !hasten && remove.length === 0 && !(retire && keys.some(({ state }) => state !== 'previous'))

/** The name of what happened to a key, told from its states before and after. */
function eventOf(before: KeyRecord | undefined, after: KeyRecord | undefined, via: RotationCause) {
  if (!after) return via === 'revocation' ? 'signing_key.revoked' : 'signing_key.removed'
  if (!before) return 'signing_key.created'
  if (before.state === after.state) return undefined
  return after.state === 'current' ? 'signing_key.promoted' : 'signing_key.retired'
}

/**
 * Changes the keys of one algorithm as `decide` says, by one conditional update. Whoever comes second looks again at
 * what the first has left and decides anew.
 */
export function createChangeKeys({ keysets, audit, policy }: Dependencies) {
  const tell = async ({ alg, keys: before }: Keyset, after: readonly KeyRecord[], via: RotationCause) => {
    const kids = new Set([...before, ...after].map(({ kid }) => kid))
    for (const kid of kids) {
      const was = before.find((key) => key.kid === kid)
      const is = after.find((key) => key.kid === kid)
      const name = eventOf(was, is, via)
      if (name) await audit.record(name, { actor: { type: 'system' } }, { kid, alg, state: is?.state, via })
    }
  }

  return async (alg: string, via: RotationCause, decide: (keys: readonly KeyRecord[], now: Date) => Change) => {
    for (;;) {
      const keyset = await keysets.find(alg)
      const now = new Date()
      const change = decide(keyset.keys, now)
      if (isNothing(change, keyset.keys)) return
      const made = change.make && (await makeKey(alg))
      const after = applyChange(keyset.keys, change, { now, kid: made?.kid, policy })
      if (!(await keysets.replace(keyset, after, made))) continue
      return tell(keyset, after, via)
    }
  }
}
