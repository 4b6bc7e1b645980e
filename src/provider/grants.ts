import { errors, type Grant, type KoaContextWithOIDC } from 'oidc-provider'
import type { Units } from '../platform/database/index.ts'
import type { Consents } from './consents.ts'
import type { Resources } from './resources.ts'
import type { Sessions } from './storage/sessions.ts'

interface Dependencies {
  readonly consents: Consents
  readonly resources: Pick<Resources, 'narrow'>
  readonly skipsConsent: (ctx: KoaContextWithOIDC) => boolean
  readonly refreshTokenSeconds: number
  readonly sessions: Pick<Sessions, 'join'>
  readonly units: Pick<Units, 'settled'>
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

/** Adds what another grant of the same account and client allows. */
function absorb(grant: Grant, { openid, resources = {} }: Grant): void {
  if (openid?.scope) grant.addOIDCScope(openid.scope)
  if (openid?.claims?.length) grant.addOIDCClaims(openid.claims)
  for (const [resource, scope] of Object.entries(resources)) grant.addResourceScope(resource, scope)
}

/**
 * Finds the grant for an authorization request: the session's own, with what the person allowed this client before, or
 * with all of the request where policy says that nobody needs to be asked.
 */
export function createLoadExistingGrant({
  consents,
  resources,
  skipsConsent,
  refreshTokenSeconds,
  sessions,
  units,
}: Dependencies) {
  /** The grant becomes the session's own, unless another request of this browser was faster: then theirs is used. */
  async function join(oidc: OIDC, grant: Grant): Promise<Grant> {
    const { session, client, provider } = oidc
    if (!session || !client) return grant
    const { clientId } = client
    session.ensureClientContainer(clientId)
    // Whoever reads of it in the session must find it.
    await units.settled()
    const own = { sid: session.sidFor(clientId), grantId: grant.jti }
    const joined = await sessions.join(session, clientId, own)
    if (!joined?.grantId) throw new errors.LoginRequired('the session ended')
    if (joined.sid) session.sidFor(clientId, joined.sid)
    if (joined.grantId === grant.jti) return grant
    const theirs = await provider.Grant.find(joined.grantId)
    if (!theirs) return grant
    absorb(theirs, grant)
    await theirs.save()
    await grant.destroy()
    return theirs
  }

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
    return oidc.session?.grantIdFor(client.clientId) === grant.jti ? grant : join(oidc, grant)
  }
}
