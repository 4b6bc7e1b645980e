import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Assurance } from '../sign-in/index.ts'

/** How strong a sign-in a request wants, by `acr`. */
export interface AssuranceRequest {
  /** The least that will do: what the client is registered with, or insists on. */
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

/** How strong a sign-in an authorization request wants (OpenID Connect Core sections 3.1.2.1 and 5.5.1.1). */
export function readAssuranceRequest(
  params: Readonly<Record<string, unknown>>,
  client: Client | undefined,
  assurance: Assurance,
): AssuranceRequest {
  const essential = essentialAcrs(params.claims)
  const voluntary = typeof params.acr_values === 'string' ? params.acr_values.split(' ') : []
  const ofClient = typeof client?.minimum_acr === 'string' ? client.minimum_acr : undefined
  return {
    minimumAcr: assurance.strongest([assurance.weakest(essential), ofClient]),
    wishedAcrs: (essential.length > 0 ? essential : voluntary).filter((acr) => assurance.acrValues.includes(acr)),
  }
}

/** Whether the session of this request proves less than is wanted of it, and whether it must not stay so. */
export function assessSession({ oidc }: KoaContextWithOIDC, assurance: Assurance): 'enough' | 'wished' | 'required' {
  const { session, client, params, account } = oidc
  const amr = session?.amr ?? []
  const { minimumAcr, wishedAcrs } = readAssuranceRequest(params ?? {}, client, assurance)
  const roles = (account as { roles?: readonly string[] } | undefined)?.roles ?? []
  // Whether there is a second factor was asked when the session was made: it is not looked up at every request.
  const required = [minimumAcr, assurance.minimumFor({ roles }, false)]
  if (required.some((acr) => acr !== undefined && !assurance.isMet(acr, amr))) return 'required'
  return wishedAcrs.length > 0 && !wishedAcrs.some((acr) => assurance.isMet(acr, amr)) ? 'wished' : 'enough'
}
