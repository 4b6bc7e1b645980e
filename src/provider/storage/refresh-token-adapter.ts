import type { AdapterPayload } from 'oidc-provider'
import { hashSecret } from '../../platform/ids.ts'
import { ArtifactAdapter, type ArtifactAdapterDependencies } from './artifact-adapter.ts'
import type { Rotation } from './rotation.ts'

const KIND = 'RefreshToken'

/** Refresh tokens: a retry in time is let through to the successor that the first try was given. */
export class RefreshTokenAdapter extends ArtifactAdapter {
  readonly #rotation: Rotation

  constructor(deps: ArtifactAdapterDependencies, rotation: Rotation) {
    super(KIND, deps)
    this.#rotation = rotation
  }

  /** Written once and never over: a retry must not bring a successor back to life that was used meanwhile. */
  override upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    return this.artifacts.insertMissing(KIND, id, payload, expiresIn)
  }

  /** Hides that the token was used, where it is presented by a retry. */
  override async find(id: string) {
    const payload = await this.artifacts.find(KIND, id)
    if (payload?.consumed === undefined) return payload
    const use = await this.artifacts.findUse(KIND, id)
    if (use && (await this.#rotation.isRetry(id, use))) return { ...payload, consumed: undefined }
    this.note(use)
    return payload
  }

  override async consume(id: string): Promise<void> {
    const successor = this.#rotation.successorOf(id)
    if (await this.artifacts.consume(KIND, id, { from: this.address(), successorHash: hashSecret(successor) })) {
      this.#rotation.choose(id, successor)
      return
    }
    const use = await this.artifacts.findUse(KIND, id)
    if (use && (await this.#rotation.isRetry(id, use))) return
    await this.refuse(use)
  }
}
