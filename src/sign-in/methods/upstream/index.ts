// Upstream: an account at another provider (Google, GitHub, a company's own). Owns which identity belongs to which
// account, by issuer and subject alone, and what such a provider's word is worth. Each provider is one file.
import { normaliseIdentifier } from '../../../accounts/index.ts'
import type { Credentials } from '../../credentials.ts'
import type { EnrollableMethod } from '../../enrollable.ts'
import type { SignInMethod } from '../../method.ts'
import { createAdding } from './add.ts'
import { createJourney, type JourneyDependencies } from './journey.ts'
import { createProving } from './prove.ts'
import { readReturnState } from './return-state.ts'

export type { UpstreamProvider } from './provider.ts'
export { createProviders } from './providers/index.ts'

/** What the method is made of. */
interface UpstreamDependencies extends JourneyDependencies {
  readonly credentials: Credentials
  /** The provider that an organization names for people of its domain. */
  readonly findProviderOf: (domain: string) => Promise<string | undefined>
}

/** The one address on our site that a provider leads back to. */
export interface UpstreamReturn {
  /** Whether there is such a provider, switched on. */
  has(provider: string): boolean
  /** The provider that people with such an address are sent to. */
  providerFor(identifier: string): Promise<string | undefined>
  /** Where it goes on from there. @returns undefined when the state was not made here */
  pathOf(provider: string, state: string): string | undefined
}

/** Makes both halves of the method, and the address that providers lead back to. */
export function createUpstream(deps: UpstreamDependencies): {
  readonly entry: { readonly signIn?: SignInMethod; readonly enrol?: EnrollableMethod }
  readonly door: UpstreamReturn
} {
  const { providers, sealer, findProviderOf } = deps
  const journey = createJourney(deps)
  const entry = {
    signIn: createProving(deps, journey) as SignInMethod,
    enrol: createAdding(deps, journey) as EnrollableMethod,
  }
  return {
    // Without a provider there is nothing to add either.
    entry: providers.length > 0 ? entry : {},
    door: {
      has: (provider) => providers.some(({ id }) => id === provider),
      async providerFor(identifier) {
        const known = normaliseIdentifier(identifier) ?? ''
        const domain = known.slice(known.lastIndexOf('@') + 1)
        const named = providers.find(({ domains }) => domains.includes(domain))?.id ?? (await findProviderOf(domain))
        // One that is switched off is passed over.
        return providers.find(({ id }) => id === named)?.id
      },
      pathOf: (provider, state) => readReturnState(sealer, provider, state),
    },
  }
}
