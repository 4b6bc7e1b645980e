import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Access } from '../access/index.ts'
import type { Assurance } from '../sign-in/index.ts'
import type { ProtocolAccount } from './account-adapter.ts'

/** How strong a sign-in a request wants, by `acr`. */
export interface AssuranceRequest {
  /** The least that will do: what the client, or an API it asks for, is registered with, or what it insists on. */
  readonly minimumAcr: string | undefined
  /** What would be nice, best first. */
  readonly wishedAcrs: readonly string[]
}

interface AcrClaim {
  readonly essential?: boolean
  readonly value?: unknown
  readonly values?: unknown
}

/** The acr claim of the claims parameter, as text or parsed already. */
function acrClaimOf(claims: unknown): AcrClaim | undefined {
  const parsed = typeof claims === 'string' ? JSON.parse(claims) : claims
  return parsed?.id_token?.acr ?? undefined
}

/** The acr values that a request insists on (OpenID Connect Core section 5.5.1.1). @throws InvalidRequest */
export function essentialAcrs(claims: unknown): readonly string[] {
  const claim = acrClaimOf(claims)
  if (!claim?.essential) return []
  if (claim.values !== undefined && !Array.isArray(claim.values)) {
    throw new errors.InvalidRequest('invalid claims.id_token.acr.values type')
  }
  return [...(claim.values ?? []), ...(claim.value === undefined ? [] : [claim.value])].map(String)
}

/** What requests are read with. */
export interface AssuranceDependencies {
  readonly assurance: Assurance
  readonly apis: Access['apis']
}

/** What the APIs want that tokens are asked for. A value that the table does not know any more is met by the best only. */
async function acrsOfApis(
  { resource }: Readonly<Record<string, unknown>>,
  { assurance, apis }: AssuranceDependencies,
): Promise<readonly string[]> {
  const asked = await Promise.all([resource ?? []].flat().map((identifier) => apis.find(String(identifier))))
  return asked.flatMap((api) => {
    if (!api?.minimumAcr) return []
    return assurance.acrValues.includes(api.minimumAcr) ? api.minimumAcr : (assurance.acrValues[0] ?? [])
  })
}

/** How strong a sign-in an authorization request wants (OpenID Connect Core sections 3.1.2.1 and 5.5.1.1). */
export async function readAssuranceRequest(
  params: Readonly<Record<string, unknown>>,
  client: Client | undefined,
  deps: AssuranceDependencies,
): Promise<AssuranceRequest> {
  const { assurance } = deps
  const essential = essentialAcrs(params.claims)
  const voluntary = typeof params.acr_values === 'string' ? params.acr_values.split(' ') : []
  const ofClient = typeof client?.minimum_acr === 'string' ? client.minimum_acr : undefined
  return {
    minimumAcr: assurance.strongest([assurance.weakest(essential), ofClient, ...(await acrsOfApis(params, deps))]),
    wishedAcrs: (essential.length > 0 ? essential : voluntary).filter((acr) => assurance.acrValues.includes(acr)),
  }
}

/** Whether the session of this request proves less than is wanted of it, and whether it must not stay so. */
export async function assessSession(
  { oidc }: KoaContextWithOIDC,
  deps: AssuranceDependencies,
): Promise<'enough' | 'wished' | 'required'> {
  const { assurance } = deps
  const { session, client, params } = oidc
  const account = oidc.account as ProtocolAccount | undefined
  const amr = session?.amr ?? []
  const { minimumAcr, wishedAcrs } = await readAssuranceRequest(params ?? {}, client, deps)
  const assured = { roles: account?.roles ?? [], needsSecondFactor: (await account?.needsSecondFactor()) ?? false }
  // Whether there is a second factor was asked when the session was made: it is not looked up at every request.
  const required = [minimumAcr, assurance.minimumFor(assured, false)]
  if (required.some((acr) => acr !== undefined && !assurance.isMet(acr, amr))) return 'required'
  return wishedAcrs.length > 0 && !wishedAcrs.some((acr) => assurance.isMet(acr, amr)) ? 'wished' : 'enough'
}
