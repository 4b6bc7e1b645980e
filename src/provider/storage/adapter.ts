import type { Adapter, AdapterFactory } from 'oidc-provider'
import type { Units } from '../../platform/database/index.ts'
import type { ClientStore } from '../clients/store.ts'
import { ArtifactAdapter, type ArtifactAdapterDependencies, OnceAdapter, ReplayAdapter } from './artifact-adapter.ts'
import { GrantAdapter } from './grant-adapter.ts'
import { InteractionAdapter } from './interaction-adapter.ts'
import { RefreshTokenAdapter } from './refresh-token-adapter.ts'
import type { Rotation } from './rotation.ts'
import { SessionAdapter } from './session-adapter.ts'
import type { Kept, Sessions } from './sessions.ts'

/** What the storage of the library is made of. */
export interface AdapterDependencies extends ArtifactAdapterDependencies {
  readonly clients: ClientStore
  readonly rotation: Rotation
  readonly units: Units
  readonly sessions: Sessions
  /** Told where the session of a request is after it was saved. */
  readonly onKept: (kept: Kept) => void
}

/** Clients are registered by our own verbs only: the library reads them. */
class ClientAdapter implements Adapter {
  readonly #clients: ClientStore

  constructor(clients: ClientStore) {
    this.#clients = clients
  }

  find(id: string) {
    return this.#clients.findMetadata(id)
  }

  upsert(): Promise<void> {
    return this.#readOnly()
  }
  consume(): Promise<void> {
    return this.#readOnly()
  }
  destroy(): Promise<void> {
    return this.#readOnly()
  }
  revokeByGrantId(): Promise<void> {
    return this.#readOnly()
  }
  findByUid(): Promise<undefined> {
    return Promise.resolve(undefined)
  }
  findByUserCode(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  #readOnly(): Promise<never> {
    return Promise.reject(new Error('clients are registered by clients/register'))
  }
}

/** Records that the library saves when it issues them, and not again. */
const WRITTEN_ONCE = new Set(['AccessToken', 'ClientCredentials', 'AuthorizationCode'])

/** The storage that the library is given. */
export function createAdapter({
  clients,
  rotation,
  units,
  sessions,
  onKept,
  ...deps
}: AdapterDependencies): AdapterFactory {
  // Made once: the library asks for adapters anew with each of its instances, and room in units is never given back.
  const [grants, interaction] = [units.known<Set<string>>(), units.known<string>()]
  return (kind) => {
    if (kind === 'Client') return new ClientAdapter(clients)
    if (kind === 'RefreshToken') return new RefreshTokenAdapter(deps, rotation)
    if (kind === 'Session') return new SessionAdapter(deps, sessions, onKept)
    if (kind === 'Grant') return new GrantAdapter(deps, grants)
    if (kind === 'Interaction') return new InteractionAdapter(deps, interaction)
    if (kind === 'ReplayDetection') return new ReplayAdapter(kind, deps)
    return WRITTEN_ONCE.has(kind) ? new OnceAdapter(kind, deps) : new ArtifactAdapter(kind, deps)
  }
}
