import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider'
import { originOf } from '../../web/index.ts'
import type { Artifacts, Foresee, Use } from './artifacts.ts'
import type { Reuses } from './reuse.ts'

/** What the library's records are kept with. */
export interface ArtifactAdapterDependencies {
  readonly artifacts: Artifacts
  readonly reuses: Reuses
  /** Told what hangs together with what is looked for, so that it is read at the same time. */
  readonly foresee: Foresee
}

/** What a second use of each single-use record is answered with (RFC 6749 section 5.2, RFC 9126 section 4). */
const usedUp: Readonly<Record<string, () => Error>> = {
  AuthorizationCode: () => new errors.InvalidGrant('authorization code already consumed'),
  RefreshToken: () => new errors.InvalidGrant('refresh token already used'),
  DeviceCode: () => new errors.InvalidGrant('device code already consumed'),
  PushedAuthorizationRequest: () => new errors.InvalidRequestUri('request_uri was already used'),
}

/** The library's storage contract for one kind of record, on our records. Single use is decided here, not by the library. */
export class ArtifactAdapter implements Adapter {
  protected readonly kind: string
  protected readonly artifacts: Artifacts
  protected readonly reuses: Reuses
  protected readonly foresee: Foresee

  constructor(kind: string, { artifacts, reuses, foresee }: ArtifactAdapterDependencies) {
    this.kind = kind
    this.artifacts = artifacts
    this.reuses = reuses
    this.foresee = foresee
  }

  upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    return this.artifacts.upsert(this.kind, id, payload, expiresIn)
  }

  /** What was used is found too, and says so: the library ends what came of it (RFC 9700 section 2.1.1). */
  async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await this.artifacts.find(this.kind, id, this.foresee)
    if (payload?.consumed !== undefined) this.note(await this.artifacts.findUse(this.kind, id))
    return payload
  }

  findByUid(uid: string) {
    return this.artifacts.findByUid(this.kind, uid)
  }

  findByUserCode(userCode: string) {
    return this.artifacts.findByUserCode(this.kind, userCode)
  }

  /** Of any number of parallel uses one wins. */
  async consume(id: string): Promise<void> {
    if (await this.artifacts.consume(this.kind, id, { from: this.address() })) return
    await this.refuse(await this.artifacts.findUse(this.kind, id))
  }

  destroy(id: string) {
    return this.artifacts.destroy(this.kind, id)
  }

  revokeByGrantId(grantId: string) {
    return this.artifacts.revokeByGrantId(grantId)
  }

  /** Where the request comes from that is being answered. */
  protected address(): string | undefined {
    return Provider.ctx && originOf(Provider.ctx).address
  }

  protected note(use: Use | undefined): void {
    if (use) this.reuses.note(use)
  }

  /** The second of two uses at the same time: nobody knows which one was meant, so the library's way with reuse is ours. */
  protected async refuse(use: Use | undefined): Promise<never> {
    this.note(use)
    if (use?.grantId) await this.artifacts.revokeGrant(use.grantId)
    throw usedUp[this.kind]?.() ?? new errors.InvalidRequest(`${this.kind} was already used`)
  }
}

/** What is written once, when it is issued: never over anything. */
export class OnceAdapter extends ArtifactAdapter {
  override upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    return this.artifacts.insertMissing(this.kind, id, payload, expiresIn)
  }
}

/** A proof was used before. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError'
}

/** Proofs that are good once: the second to write one is the replay (RFC 7523 section 3, RFC 9449 section 11.1). */
export class ReplayAdapter extends ArtifactAdapter {
  override async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    if (await this.artifacts.insert('ReplayDetection', id, payload, expiresIn)) return
    throw new ReplayError()
  }
}
