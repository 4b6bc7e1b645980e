import { type Client, errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import { type Access, type Api, can, ORGANIZATION_SCOPE, type Standing } from '../access/index.ts'
import type { Assurance } from '../sign-in/index.ts'
import type { ProtocolAccount } from './account-adapter.ts'

/** What access tokens are signed with: cheaper than RS256, and keys for it are always there. */
export const ACCESS_TOKEN_ALG = 'ES256'

type OIDC = KoaContextWithOIDC['oidc']

/** Whether a client has proved who it is. A public one only says so (RFC 6749 section 2.1). */
export const isAuthenticated = ({ clientAuthMethod }: Client): boolean => clientAuthMethod !== 'none'

/** The APIs that tokens can be asked for (RFC 8707), as the library wants them told. */
export interface Resources {
  /**
   * What a token for this API can carry, as far as it is known yet: of what the API has, what the client may ask for
   * and what the person's roles allow.
   * @throws InvalidTarget for an API nobody knows, or that the client was not allowed (RFC 8707 section 2), and at the
   * token endpoint for one that wants a stronger sign-in than the one behind the code or refresh token
   */
  getResourceServerInfo(ctx: KoaContextWithOIDC, identifier: string, client: Client): Promise<ResourceServer>
  /** A refresh for an API that has to be refused is refused before its token is used up. @throws InvalidTarget */
  refuseEarly(ctx: KoaContextWithOIDC): Promise<void>
  /** The APIs of an authorization request are looked up before the person is known: looks once more. */
  narrow(ctx: KoaContextWithOIDC): Promise<void>
  /** Whether what a token was made out to is there: no API at all, or one that was not deleted since. */
  isStanding(audience: unknown): Promise<boolean>
  /** Whether a client speaks for the API that a token was made out to (RFC 7662 section 4). */
  isResourceServer(client: Client, audience: unknown): Promise<boolean>
}

/** Who a token would be for. */
export interface Grantee {
  readonly client: Client
  /** The person, when one is known. */
  readonly standing?: Standing | undefined
  /** A client by itself may do what it was allowed; with a person, what is not restricted for it. */
  readonly isAlone?: boolean
}

/**
 * The permissions that a client may ask for. Without a list of its own (`api_permissions`) those are all, with a person
 * who decides, at an API that is open to every client; otherwise none.
 */
function permissionsOfClient(api: Api, { client, isAlone = false }: Grantee): string[] {
  const policy = client.api_permissions as Readonly<Record<string, readonly string[]>> | undefined
  const isListed = policy !== undefined || isAlone || api.isRestricted
  const names = api.permissions.map(({ name }) => name)
  return isListed ? names.filter((name) => policy?.[api.identifier]?.includes(name)) : names
}

/** The permissions of an API that can be granted. Nobody gets more than API, client and roles agree on. */
export function grantablePermissions(api: Api, grantee: Grantee): string[] {
  const { standing } = grantee
  return permissionsOfClient(api, grantee).filter((name) => !standing || can(standing.rights, api.identifier, name))
}

/**
 * The organization that the person is to act for, asked for as a scope `organization:<id>` next to those of an API.
 * @throws InvalidScope for more than one
 */
export function organizationIn(words: Iterable<string>): string | undefined {
  const ids = [...words].filter((word) => word.startsWith(ORGANIZATION_SCOPE))
  if (ids.length > 1) throw new errors.InvalidScope('a token is for one organization', ids.join(' '))
  return ids[0]?.slice(ORGANIZATION_SCOPE.length)
}

/** The scopes that the token at hand is asked for, or those that were asked for before and kept. */
export function askedScopes({ params, requestParamScopes, entities }: OIDC): ReadonlySet<string> {
  if (params?.scope) return requestParamScopes
  return (entities.RefreshToken ?? entities.AuthorizationCode)?.scopes ?? new Set()
}

interface Dependencies {
  readonly apis: Access['apis']
  readonly assurance: Pick<Assurance, 'isMet'>
  /** What an organization means whose members need two factors. */
  readonly twoFactorAcr: string | undefined
  readonly accessTokenSeconds: number
}

/**
 * Nobody can be asked for more at the token endpoint: a token that wants a stronger sign-in than there was is not issued,
 * and the app is told to ask for that at the authorization endpoint (in the words of RFC 9470 section 3).
 */
const insufficient = (acr: string) =>
  new errors.InvalidTarget(`insufficient_user_authentication: authorize again with acr_values=${acr}`)

/** APIs get JWT access tokens (RFC 9068), which they can check by themselves. */
export function createResources({ apis, assurance, twoFactorAcr, accessTokenSeconds }: Dependencies): Resources {
  const checkAssurance = ({ entities }: OIDC, api: Api, standing: Standing | undefined) => {
    const source = entities.RefreshToken ?? entities.AuthorizationCode
    // At the authorization endpoint people are asked for what is missing, and a client by itself proves nothing of them.
    if (!source) return
    const wanted = [api.minimumAcr, standing?.organization?.needsSecondFactor ? twoFactorAcr : undefined]
    for (const acr of wanted) if (acr && !assurance.isMet(acr, source.amr ?? [])) throw insufficient(acr)
  }

  const getResourceServerInfo: Resources['getResourceServerInfo'] = async ({ oidc }, identifier, client) => {
    const api = await apis.find(identifier)
    if (!api) throw new errors.InvalidTarget()
    const isAlone = oidc.params?.grant_type === 'client_credentials'
    const asked = isAlone ? undefined : organizationIn(askedScopes(oidc))
    const standing = await (oidc.account as ProtocolAccount | undefined)?.standing(asked)
    checkAssurance(oidc, api, standing)
    const isOpen = !isAlone && !api.isRestricted
    if (!isOpen && permissionsOfClient(api, { client, isAlone }).length === 0)
      throw new errors.InvalidTarget('this client was allowed no permission of this API')
    const names = grantablePermissions(api, { client, standing, isAlone })
    // Until the person is known nobody can say whether they belong to it.
    const organization = asked && (!standing || standing.organization) ? [`${ORGANIZATION_SCOPE}${asked}`] : []
    return {
      audience: identifier,
      scope: [...names, ...organization].join(' '),
      accessTokenTTL: api.accessTokenSeconds ?? accessTokenSeconds,
      accessTokenFormat: 'jwt',
      jwt: { sign: { alg: ACCESS_TOKEN_ALG } },
    }
  }

  return {
    getResourceServerInfo,
    async refuseEarly(ctx) {
      const { params, client } = ctx.oidc
      if (client && typeof params?.resource === 'string') await getResourceServerInfo(ctx, params.resource, client)
    },
    async narrow(ctx) {
      const { client, resourceServers = {} } = ctx.oidc
      if (!client) return
      for (const [identifier, server] of Object.entries(resourceServers)) {
        const { scope } = await getResourceServerInfo(ctx, identifier, client)
        server.scope = scope
      }
    },
    isStanding: async (audience) => typeof audience !== 'string' || (await apis.find(audience)) !== undefined,
    async isResourceServer(client, audience) {
      if (typeof audience !== 'string' || !isAuthenticated(client)) return false
      return (await apis.find(audience))?.resourceServers.includes(client.clientId) ?? false
    },
  }
}
