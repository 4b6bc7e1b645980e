import type { AdapterPayload } from 'oidc-provider'
import type { Known } from '../../platform/database/index.ts'
import { ArtifactAdapter, type ArtifactAdapterDependencies } from './artifact-adapter.ts'

const wordsOf = (scope = '') => scope.split(' ').filter(Boolean)
const unite = (...scopes: (string | undefined)[]) => [...new Set(scopes.flatMap(wordsOf))].join(' ')

interface Allowed {
  readonly openid?: { readonly scope?: string; readonly claims?: readonly string[] }
  readonly resources?: Readonly<Record<string, string>>
}

/** What either of two versions of a grant allows. */
function uniteGrants(theirs: AdapterPayload, mine: AdapterPayload): AdapterPayload {
  const [a, b]: Allowed[] = [theirs as Allowed, mine as Allowed]
  const scope = unite(a?.openid?.scope, b?.openid?.scope)
  const claims = [...new Set([...(a?.openid?.claims ?? []), ...(b?.openid?.claims ?? [])])]
  const names = new Set([...Object.keys(a?.resources ?? {}), ...Object.keys(b?.resources ?? {})])
  const resources = [...names].map((name) => [name, unite(a?.resources?.[name], b?.resources?.[name])])
  return {
    ...theirs,
    ...mine,
    openid: { ...(scope ? { scope } : {}), ...(claims.length > 0 ? { claims } : {}) },
    ...(names.size > 0 ? { resources: Object.fromEntries(resources) } : {}),
  }
}

/**
 * Grants only ever grow. What two requests add to one at the same time is both kept, and one that was revoked meanwhile
 * stays revoked.
 */
export class GrantAdapter extends ArtifactAdapter {
  readonly #found: Known<Set<string>>

  /** @param found the grants that were found in this unit of work */
  constructor(deps: ArtifactAdapterDependencies, found: Known<Set<string>>) {
    super('Grant', deps)
    this.#found = found
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await super.find(id)
    if (payload) this.#found.set((this.#found.get() ?? new Set()).add(id))
    return payload
  }

  override async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    if (!this.#found.get()?.has(id)) return super.upsert(id, payload, expiresIn)
    await this.artifacts.amend(this.kind, { id }, (theirs) => uniteGrants(theirs, payload), expiresIn)
  }
}
