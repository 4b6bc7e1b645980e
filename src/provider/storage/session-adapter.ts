import type { AdapterPayload } from 'oidc-provider'
import { ArtifactAdapter, type ArtifactAdapterDependencies } from './artifact-adapter.ts'
import type { Kept, Sessions } from './sessions.ts'

/** The library's storage contract for sessions: what requests of one browser do at the same time is put together. */
export class SessionAdapter extends ArtifactAdapter {
  readonly #sessions: Sessions
  readonly #onKept: (kept: Kept) => void

  /** @param onKept told where the session of this request is after it was saved */
  constructor(deps: ArtifactAdapterDependencies, sessions: Sessions, onKept: (kept: Kept) => void) {
    super('Session', deps)
    this.#sessions = sessions
    this.#onKept = onKept
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await super.find(id)
    if (payload) this.#sessions.note(payload)
    return payload
  }

  override async destroy(id: string): Promise<void> {
    await this.#sessions.end(id)
  }

  override async upsert(id: string, payload: AdapterPayload, expiresIn = 0): Promise<void> {
    this.#onKept(await this.#sessions.keep(id, payload, expiresIn))
  }
}
