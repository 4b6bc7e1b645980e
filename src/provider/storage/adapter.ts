import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import type { ClientStore } from '../clients/store.ts'
import type { Artifacts } from './artifacts.ts'

/** What a second use of each single-use record is answered with (RFC 6749 section 5.2, RFC 9126 section 4). */
const usedUp: Readonly<Record<string, () => Error>> = {
  AuthorizationCode: () => new errors.InvalidGrant('authorization code already consumed'),
  RefreshToken: () => new errors.InvalidGrant('refresh token already used'),
  DeviceCode: () => new errors.InvalidGrant('device code already consumed'),
  PushedAuthorizationRequest: () => new errors.InvalidRequestUri('request_uri was already used'),
}

/** Records that may be written only once: the second writer is the replay (RFC 7523 section 3, RFC 9449 section 11.1). */
const INSERT_ONLY = new Set(['ReplayDetection'])

/** The library's storage contract for one kind of record, on our records. Single use is decided here, not by the library. */
class ArtifactAdapter implements Adapter {
  readonly #kind: string
  readonly #artifacts: Artifacts

  constructor(kind: string, artifacts: Artifacts) {
    this.#kind = kind
    this.#artifacts = artifacts
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    if (!INSERT_ONLY.has(this.#kind)) return this.#artifacts.upsert(this.#kind, id, payload, expiresIn)
    if (!(await this.#artifacts.insert(this.#kind, id, payload, expiresIn))) {
      throw new errors.InvalidClientAuth('this assertion was used before')
    }
  }

  find(id: string) {
    return this.#artifacts.find(this.#kind, id)
  }

  findByUid(uid: string) {
    return this.#artifacts.findByUid(this.#kind, uid)
  }

  findByUserCode(userCode: string) {
    return this.#artifacts.findByUserCode(this.#kind, userCode)
  }

  async consume(id: string): Promise<void> {
    if (await this.#artifacts.consume(this.#kind, id)) return
    throw usedUp[this.#kind]?.() ?? new errors.InvalidRequest(`${this.#kind} was already used`)
  }

  destroy(id: string) {
    return this.#artifacts.destroy(this.#kind, id)
  }

  revokeByGrantId(grantId: string) {
    return this.#artifacts.revokeByGrantId(grantId)
  }
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

/** The storage that the library is given. */
export function createAdapter(artifacts: Artifacts, clients: ClientStore): AdapterFactory {
  return (kind) => (kind === 'Client' ? new ClientAdapter(clients) : new ArtifactAdapter(kind, artifacts))
}
