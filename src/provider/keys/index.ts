// The keys that tokens are signed with. Owns their states (next, current, previous), the calendar that moves them on,
// and the set that is published and signed with. Private halves are sealed, and gone once a key is removed.
import type { JWK } from 'jose'
import type { Connection } from 'mongoose'
import type { Audit } from '../../audit/index.ts'
import type { Config } from '../../config/index.ts'
import { type Changes, type Follower, followCollection } from '../../platform/database/index.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Sealer } from '../../platform/seal.ts'
import { createKeysets, type Keyset } from './keysets.ts'
import { keysetModel } from './model.ts'
import { refusals } from './refusals.ts'
import { createChangeKeys } from './rotate.ts'
import {
  dueAt,
  type KeyRecord,
  type KeyState,
  planFarewell,
  planRevocation,
  planRotation,
  planSchedule,
} from './schedule.ts'

/** A signing key, as people see it. */
export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly state: KeyState
  readonly createdAt: Date
  /** When it reaches its next state: a next key signs, a current one is followed, a previous one is removed. */
  readonly dueAt: Date
}

/** What other rooms can do with the signing keys. */
export interface SigningKeys {
  readonly list: () => Promise<SigningKey[]>
  /**
   * Changes the key of this algorithm, or of all: announced first as the calendar would do it, or at once.
   * Of two who ask at the same moment, one changes it and the other finds it changed.
   * @throws Refusal `signing_key.algorithm_unknown`
   */
  readonly rotate: (options: { readonly alg?: string | undefined; readonly isImmediate: boolean }) => Promise<void>
  /**
   * Ends a key that is known to others: nothing is signed with it and nothing that it signed is believed any more, in
   * every process within seconds.
   * @throws Refusal `signing_key.unknown`
   */
  readonly revoke: (kid: string) => Promise<void>
  /** Does what is due by the calendar. Safe to do twice, and at once in several processes. */
  readonly advance: () => Promise<void>
}

/** The signing keys, as the protocol uses them. */
export interface ProtocolKeys extends SigningKeys {
  /** Private keys as the library takes them: it signs with the first that fits, so the current ones come first. */
  readonly load: () => Promise<JWK[]>
  /** Calls `onKeys` soon after keys have changed, whichever process changed them. */
  readonly follow: (onKeys: (jwks: readonly JWK[]) => void) => Follower
}

/** What the signing keys need from outside. */
export interface KeysDependencies {
  readonly config: Config
  readonly connection: Connection
  readonly changes: Changes
  readonly sealer: Sealer
  readonly audit: Audit
  readonly logger: Logger
}

const ORDER: readonly KeyState[] = ['current', 'previous', 'next']
const POLL_SECONDS = 10

function toJwks(keysets: readonly Keyset[]): JWK[] {
  const all = keysets.flatMap(({ keys, privateKeys }) => keys.map((key) => ({ ...key, jwk: privateKeys[key.kid] })))
  return ORDER.flatMap((state) => all.filter((key) => key.state === state)).flatMap(({ jwk }) => jwk ?? [])
}

/** Opens the room. */
export function createKeys({ config, connection, changes, sealer, audit, logger }: KeysDependencies): ProtocolKeys {
  const { algorithms, ...policy } = config.keys
  const model = keysetModel(connection)
  const keysets = createKeysets(model, sealer)
  const change = createChangeKeys({ keysets, audit, policy })
  const isUsed = (alg: string) => algorithms.some((name) => name === alg)
  const currentOf = (keys: readonly KeyRecord[]) => keys.find(({ state }) => state === 'current')?.kid

  const advance = async () => {
    const stored = (await keysets.list()).map(({ alg }) => alg)
    for (const alg of new Set([...algorithms, ...stored])) {
      const decide = isUsed(alg) ? planSchedule : planFarewell
      await change(alg, 'schedule', (keys, now) => decide(keys, now, policy))
    }
  }

  const rotate = async (alg: string, isImmediate: boolean) => {
    const before = currentOf((await keysets.find(alg)).keys)
    await change(alg, 'cli', (keys, now) =>
      currentOf(keys) === before ? planRotation(keys, now, { policy, isImmediate }) : {},
    )
  }

  return {
    advance,
    async load() {
      for (const alg of algorithms) {
        await change(alg, 'start', (keys) => (currentOf(keys) ? {} : { make: 'current' }))
      }
      return toJwks(await keysets.list())
    },
    async list() {
      const all = await keysets.list()
      return all.flatMap(({ alg, keys }) =>
        keys.map((key) => ({
          kid: key.kid,
          alg,
          state: key.state,
          createdAt: key.createdAt,
          dueAt: dueAt(key, policy),
        })),
      )
    },
    async rotate({ alg, isImmediate }) {
      if (alg !== undefined && !isUsed(alg)) throw refusals.algorithmUnknown(alg, algorithms)
      for (const name of alg === undefined ? algorithms : [alg]) await rotate(name, isImmediate)
    },
    async revoke(kid) {
      const keyset = (await keysets.list()).find(({ keys }) => keys.some((key) => key.kid === kid))
      if (!keyset) throw refusals.unknown(kid)
      await change(keyset.alg, 'revocation', (keys) => planRevocation(keys, kid))
    },
    follow(onKeys) {
      let known = ''
      return followCollection({
        changes,
        collection: model.collection.name,
        pollSeconds: POLL_SECONDS,
        logger,
        onChange: async () => {
          const all = await keysets.list()
          const seen = all.map(({ alg, version }) => `${alg} ${version}`).join()
          if (seen !== known) onKeys(toJwks(all))
          known = seen
        },
      })
    },
  }
}
