import { hashSecret } from '../../platform/ids.ts'
import { type ArtifactAdapterDependencies, OnceAdapter } from './artifact-adapter.ts'
import type { Rotation } from './rotation.ts'

const KIND = 'RefreshToken'

/**
 * Refresh tokens: a retry in time is let through to the successor that the first try was given. Being written once, a
 * successor that was used meanwhile is not brought back to life by it.
 */
export class RefreshTokenAdapter extends OnceAdapter {
  readonly #rotation: Rotation

  constructor(deps: ArtifactAdapterDependencies, rotation: Rotation) {
    super(KIND, deps)
    this.#rotation = rotation
  }

  /** Hides that the token was used, where it is presented by a retry. */
  override async find(id: string) {
    const payload = await this.artifacts.find(KIND, id, this.foresee)
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
