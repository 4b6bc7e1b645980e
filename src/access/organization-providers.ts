import { domainToASCII } from 'node:url'
import type { Model } from 'mongoose'
import type { Audit, EventSubject } from '../audit/index.ts'
import { type Organization, type OrganizationDocument, toOrganization } from './organization.model.ts'
import { refusals } from './refusals.ts'
import type { Remembered } from './remembered.ts'

/** Where people with an address of an organization's domains sign in: at a provider of its own. */
export interface OrganizationProviders {
  /**
   * Says which provider, by its name in addresses, and for which domains; nothing takes that back.
   * @throws Refusal `organization.unknown`, `organization.invalid`, `organization.domain_taken`
   */
  readonly useProvider: (
    id: string,
    use: { readonly provider: string; readonly domains: readonly string[] } | undefined,
    subject?: EventSubject,
  ) => Promise<Organization>
  /** The provider of the organization that this domain belongs to. */
  readonly findProvider: (domain: string) => Promise<string | undefined>
}

/** A domain and where its people sign in. */
export interface DomainProvider {
  readonly domain: string
  readonly provider: string
}

interface Dependencies {
  readonly model: Model<OrganizationDocument>
  readonly remembered: Remembered<DomainProvider>
  readonly audit: Audit
}

const DUPLICATE_KEY = 11000
const MAX_DOMAINS = 50
const system = { actor: { type: 'system' } } as const

/** The domain as addresses have it. @throws Refusal `organization.invalid` */
function readDomain(typed: string): string {
  const domain = domainToASCII(typed.trim().toLowerCase())
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/.test(domain))
    throw refusals.organizationInvalid(`${typed.slice(0, 100)} is no domain`)
  return domain
}

/** What a list of these looks like. */
export const toDomainProviders = ({ provider, domains = [] }: OrganizationDocument): DomainProvider[] =>
  provider ? domains.map((domain) => ({ domain, provider })) : []

/** Providers of organizations, on this model. A domain belongs to one organization: that is for a unique index to see. */
export function createOrganizationProviders({ model, remembered, audit }: Dependencies): OrganizationProviders {
  return {
    async useProvider(id, use, subject = system) {
      const domains = [...new Set(use?.domains.map(readDomain))]
      if (use && (domains.length === 0 || domains.length > MAX_DOMAINS))
        throw refusals.organizationInvalid(`a provider is for 1 to ${MAX_DOMAINS} domains`)
      const change = use ? { $set: { provider: use.provider, domains } } : { $unset: { provider: 1, domains: 1 } }
      const document = await model
        .findByIdAndUpdate(id, change, { returnDocument: 'after' })
        .lean<OrganizationDocument>()
        .catch((error: unknown) => {
          if ((error as { code?: unknown }).code === DUPLICATE_KEY) throw refusals.domainTaken(error)
          throw error
        })
      if (!document) throw refusals.organizationUnknown(id)
      remembered.forget()
      await audit.record('organization.provider_set', subject, { organizationId: id, provider: use?.provider, domains })
      return toOrganization(document)
    },
    // Asked whenever somebody says who they are: kept in this process.
    findProvider: async (domain) => (await remembered.read()).find((known) => known.domain === domain)?.provider,
  }
}
