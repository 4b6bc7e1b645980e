import type { AccessToken, ClientCredentials, Provider } from 'oidc-provider'
import { newSecret } from '../../platform/ids.ts'
import type { Sealer } from '../../platform/seal.ts'
import type { Adjustment } from '../provider.ts'
import type { Artifacts } from '../storage/artifacts.ts'
import { LINEAGE_CLAIM } from './format.ts'
import { openLineage } from './lineage.ts'
import { createVerify, type VerifiedToken } from './verify.ts'

interface Dependencies {
  readonly issuer: string
  readonly sealer: Sealer
  readonly artifacts: Artifacts
}

type Token = AccessToken | ClientCredentials
/** The library's model of a kind of token, with the parts that its types leave out. */
interface TokenModel {
  find(value: string, options?: object): Promise<Token | undefined>
  instantiate(payload: object): Token
}

/**
 * The library turns away anything that looks like a JWT before it looks it up. With this in front, nothing does; and
 * nobody outside can say it, so that at other endpoints a JWT stays what it is: unknown.
 */
const MARK = `~${newSecret()}~`
const ENDPOINTS = new Set(['introspection', 'revocation'])
const REVOKED = 'RevokedAccessToken'

/** Marks what is a JWT among the tokens that somebody asks about. Opaque ones have no dot. */
function markStructuredTokens({ OIDCContext }: { OIDCContext: { prototype: object } }): void {
  const kept = Symbol('params')
  type Context = { route?: string; [kept]?: { token?: unknown } }
  Object.defineProperty(OIDCContext.prototype, 'params', {
    get(this: Context) {
      return this[kept]
    },
    set(this: Context, params: { token?: unknown } | undefined) {
      const token = params?.token
      if (params && ENDPOINTS.has(this.route ?? '') && typeof token === 'string' && token.includes('.'))
        params.token = `${MARK}${token}`
      this[kept] = params
    },
  })
}

function toPayload(kind: string, token: VerifiedToken, lineage: object) {
  const { jti, sub, aud, iat, exp, iss: _, client_id: clientId, scope, sid, cnf, [LINEAGE_CLAIM]: __, ...extra } = token
  const bound = cnf as Readonly<Record<string, unknown>> | undefined
  const binding = { jkt: bound?.jkt, 'x5t#S256': bound?.['x5t#S256'] }
  const account = kind === 'AccessToken' ? { accountId: sub } : {}
  return { kind, jti, aud, iat, exp, clientId, scope, sid, extra, ...binding, ...account, ...lineage }
}

/**
 * Lets introspection and revocation know JWT access tokens (RFC 7662, RFC 7009), which are stored nowhere: one is found
 * by checking it, as long as everything stands that it hangs on and it was not revoked. Only a revocation is written
 * down, until the token would have expired. UserInfo is not meant: what it is shown it looks up unmarked.
 */
export function findStructuredTokens({ issuer, sealer, artifacts }: Dependencies): Adjustment {
  const idOf = (jti: string) => `${REVOKED} ${jti}`

  /** The session that the token ends with is still the one that it was granted in. */
  async function isBound(provider: Provider, { clientId, accountId, grantId, sessionUid }: AccessToken) {
    if (!sessionUid) return true
    const session = await provider.Session.findByUid(sessionUid)
    return session?.accountId === accountId && session?.grantIdFor(clientId ?? '') === grantId
  }

  return (provider, jwks) => {
    markStructuredTokens(provider as unknown as Parameters<typeof markStructuredTokens>[0])
    const verify = createVerify(issuer, jwks)

    for (const kind of ['AccessToken', 'ClientCredentials'] as const) {
      const model = provider[kind] as unknown as TokenModel
      const find = model.find.bind(model)
      model.find = async (value, options) => {
        if (!value.startsWith(MARK)) return find(value, options)
        const verified = await verify(value.slice(MARK.length))
        const sealed = verified?.[LINEAGE_CLAIM]
        if (!verified || (typeof sealed === 'string') !== (kind === 'AccessToken')) return undefined
        const lineage = typeof sealed === 'string' ? openLineage(sealer, verified.jti, sealed) : {}
        if (!lineage) return undefined
        const token = model.instantiate(toPayload(kind, verified, lineage))
        const [revoked, client, isStanding] = await Promise.all([
          artifacts.find(REVOKED, idOf(verified.jti)),
          provider.Client.find(verified.client_id),
          isBound(provider, token as AccessToken),
        ])
        if (revoked || !client || !isStanding) return undefined
        token.destroy = async () => {
          await artifacts.insert(REVOKED, idOf(verified.jti), {}, token.remainingTTL)
        }
        return token
      }
    }
  }
}
