import type { AdapterPayload } from 'oidc-provider'
import type { Known } from '../../platform/database/index.ts'
import { ArtifactAdapter, type ArtifactAdapterDependencies } from './artifact-adapter.ts'

/**
 * Interactions. One that came to its end while a request answered it (the form was sent twice, say) stays ended: what
 * was found is only ever changed, not made anew.
 */
export class InteractionAdapter extends ArtifactAdapter {
  readonly #found: Known<string>

  /** @param found the interaction that was found in this unit of work */
  constructor(deps: ArtifactAdapterDependencies, found: Known<string>) {
    super('Interaction', deps)
    this.#found = found
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await super.find(id)
    if (payload) this.#found.set(id)
    return payload
  }

  override upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    if (this.#found.get() !== id) return super.upsert(id, payload, expiresIn)
    return this.artifacts.update(this.kind, id, payload, expiresIn)
  }
}
