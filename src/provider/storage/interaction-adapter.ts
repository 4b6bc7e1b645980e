import type { AdapterPayload } from 'oidc-provider'
import type { Units } from '../../platform/database/index.ts'
import { ArtifactAdapter, type ArtifactAdapterDependencies } from './artifact-adapter.ts'

/**
 * Interactions. One that came to its end while a request answered it (the form was sent twice, say) stays ended: what
 * was found is only ever changed, not made anew.
 */
export class InteractionAdapter extends ArtifactAdapter {
  readonly #units: Units
  /** By unit of work: the interaction that was found in it. */
  readonly #found = new WeakMap<object, string>()

  constructor(deps: ArtifactAdapterDependencies, units: Units) {
    super('Interaction', deps)
    this.#units = units
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await super.find(id)
    const unit = this.#units.current()
    if (unit && payload) this.#found.set(unit, id)
    return payload
  }

  override upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const unit = this.#units.current()
    if (!unit || this.#found.get(unit) !== id) return super.upsert(id, payload, expiresIn)
    return this.artifacts.update(this.kind, id, payload, expiresIn)
  }
}
