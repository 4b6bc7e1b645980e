import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import type { Consents } from './consents.ts'
import type { Resources } from './resources.ts'

interface Dependencies {
  readonly consents: Consents
  readonly resources: Pick<Resources, 'narrow'>
  readonly skipsConsent: (ctx: KoaContextWithOIDC) => boolean
  readonly refreshTokenSeconds: number
}

type OIDC = KoaContextWithOIDC['oidc']

/** The grant that this session or this consent has with the client, if it still stands. */
async function findGrant({ provider, result, session, client, account }: OIDC): Promise<Grant | undefined> {
  const grantId = result?.consent?.grantId ?? (client && session?.grantIdFor(client.clientId))
  const grant = grantId ? await provider.Grant.find(grantId) : undefined
  return grant?.accountId === account?.accountId && grant?.clientId === client?.clientId ? grant : undefined
}

/** Adds what the request asks for and `isAllowed` lets through. */
function addRequested(
  oidc: OIDC,
  grant: Grant,
  isAllowed: {
    scope: (name: string) => boolean
    claim: (name: string) => boolean
    resource: (resource: string, name: string) => boolean
  },
) {
  const scopes = [...oidc.requestParamOIDCScopes].filter(isAllowed.scope)
  if (scopes.length > 0) grant.addOIDCScope(scopes.join(' '))
  const claims = [...oidc.requestParamClaims].filter(isAllowed.claim)
  if (claims.length > 0) grant.addOIDCClaims(claims)
  for (const [resource, server] of Object.entries(oidc.resourceServers ?? {})) {
    const names = [...oidc.requestParamScopes].filter(
      (name) => server.scopes.has(name) && isAllowed.resource(resource, name),
    )
    if (names.length > 0) grant.addResourceScope(resource, names.join(' '))
  }
}

/**
 * Finds the grant for an authorization request: the session's own, with what the person allowed this client before, or
 * with all of the request where policy says that nobody needs to be asked.
 */
export function createLoadExistingGrant({ consents, resources, skipsConsent, refreshTokenSeconds }: Dependencies) {
  return async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const { oidc } = ctx
    const { account, client, provider } = oidc
    if (!account || !client) return undefined
    await resources.narrow(ctx)
    const found = await findGrant(oidc)
    const grant = found ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
    const before = JSON.stringify([grant.openid, grant.resources])

    if (skipsConsent(ctx)) {
      addRequested(oidc, grant, { scope: () => true, claim: () => true, resource: () => true })
    } else {
      const consent = await consents.find(account.accountId, client.clientId)
      addRequested(oidc, grant, {
        scope: (name) => consent?.scopes.includes(name) ?? false,
        claim: (name) => consent?.claims.includes(name) ?? false,
        resource: (resource, name) =>
          consent?.resources.some((entry) => entry.resource === resource && entry.scopes.includes(name)) ?? false,
      })
    }

    const isNew = !found
    const isChanged = JSON.stringify([grant.openid, grant.resources]) !== before
    const endsTooSoon = grant.exp !== undefined && grant.exp - Date.now() / 1000 < refreshTokenSeconds
    if (isNew && !isChanged) return undefined
    if (endsTooSoon) grant.exp = undefined
    if (isChanged || endsTooSoon) await grant.save()
    return grant
  }
}
