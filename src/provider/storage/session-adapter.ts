import { isDeepStrictEqual } from 'node:util'
import type { AdapterPayload } from 'oidc-provider'
import type { Units } from '../../platform/database/index.ts'
import { ArtifactAdapter, type ArtifactAdapterDependencies } from './artifact-adapter.ts'

const KIND = 'Session'
/** An expiry that moved by less is not worth a write: a minute, or a tenth of a short life. */
const LEEWAY_SECONDS = 60
const leewayOf = (expiresIn: number) => Math.min(LEEWAY_SECONDS, expiresIn / 10)

/**
 * Sessions. Every request of a browser pushes the expiry of its session a little further; one that changed in nothing
 * else is not written again, so it may end earlier than it could, never later. And one that was ended while a request
 * was under way stays ended: what was found is only ever changed, not made anew.
 */
export class SessionAdapter extends ArtifactAdapter {
  readonly #units: Units
  /** By unit of work: the session as it was found in it, as text. */
  readonly #found = new WeakMap<object, string>()

  constructor(deps: ArtifactAdapterDependencies, units: Units) {
    super(KIND, deps)
    this.#units = units
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await super.find(id)
    const unit = this.#units.current()
    // The library goes on to work on what it is given.
    if (unit && payload) this.#found.set(unit, JSON.stringify(payload))
    return payload
  }

  override async upsert(id: string, payload: AdapterPayload, expiresIn = 0): Promise<void> {
    const unit = this.#units.current()
    const found = this.#foundIn(unit)
    if (!unit || found?.jti !== id) return super.upsert(id, payload, expiresIn)
    const moved = Number(payload.exp) - Number(found.exp)
    const isSame = isDeepStrictEqual({ ...found, exp: payload.exp }, payload)
    if (isSame && moved >= 0 && moved < leewayOf(expiresIn)) return
    this.#found.set(unit, JSON.stringify(payload))
    await this.artifacts.update(KIND, id, payload, expiresIn)
  }

  #foundIn(unit: object | undefined): AdapterPayload | undefined {
    const text = unit && this.#found.get(unit)
    return text === undefined ? undefined : JSON.parse(text)
  }
}
