import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider'
import { ORGANIZATION_SCOPE } from '../../access/index.ts'
import { present } from '../../platform/present.ts'
import type { ProtocolAccount } from '../account-adapter.ts'
import { askedScopes, organizationIn } from '../resources.ts'

type OIDC = KoaContextWithOIDC['oidc']

const permissionsIn = (scope: string | undefined) =>
  (scope?.split(' ') ?? []).filter((word) => word && !word.startsWith(ORGANIZATION_SCOPE))

/** How and when the person signed in, as far as the token's source knows (RFC 9068 section 2.2.1). */
function authentication({ entities }: OIDC) {
  const { authTime, acr, amr } = entities.RefreshToken ?? entities.AuthorizationCode ?? {}
  return { auth_time: authTime, acr, amr }
}

/** What the person is, as far as they let the client know. */
async function standing(oidc: OIDC, token: AccessToken) {
  const account = oidc.account as ProtocolAccount | undefined
  const { roles, organization } = (await account?.standing(organizationIn(token.scopes))) ?? {}
  const isTold = askedScopes(oidc).has('roles') && oidc.entities.Grant?.getOIDCScope().split(' ').includes('roles')
  return {
    ...(roles && isTold ? { roles } : {}),
    ...(organization ? { organization_id: organization.id, tenant_id: organization.tenantId } : {}),
  }
}

/**
 * What an API is told besides what every JWT access token says (RFC 9068 section 2.2): permissions always, roles and
 * organization when they were asked for and consented to. Tokens for UserInfo carry nothing of it.
 */
export async function accessTokenClaims({ oidc }: KoaContextWithOIDC, token: AccessToken | ClientCredentials) {
  if (!token.aud) return undefined
  const permissions = permissionsIn(token.scope)
  if (!('accountId' in token)) return { permissions }
  return present({
    ...(await standing(oidc, token)),
    ...authentication(oidc),
    sid: token.sid,
    permissions,
  })
}
