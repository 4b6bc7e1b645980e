import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Audit, EventSubject } from '../audit/index.ts'
import { isUnavailable } from '../platform/database/index.ts'
import type { Logger } from '../platform/logger.ts'
import { originOf } from '../web/index.ts'
import { isAuthenticated } from './resources.ts'
import type { Reuses } from './storage/reuse.ts'

/** Tells the trail what the library does. Its events cannot be awaited, so a request waits for them before it answers. */
export interface AuditBridge {
  readonly middleware: Middleware
  listen(provider: Provider): void
}

const words = (scope: unknown) => (typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [])
const short = (text: unknown) => (typeof text === 'string' ? text.slice(0, 500) : undefined)

interface OAuthError {
  readonly error?: string
  readonly message: string
  readonly error_description?: string
  readonly error_detail?: string
  readonly statusCode?: number
}

const describe = ({ message, error_description, error_detail }: OAuthError) => ({
  error: message.slice(0, 200),
  description: short(error_detail ?? error_description),
})

/** The library's endpoints and the name of the event of their errors. */
const endpoints = [
  'userinfo',
  'introspection',
  'revocation',
  'pushed_authorization_request',
  'end_session',
  'end_session_confirm',
]

/** The bridge between the library's events and the trail. */
export function createAuditBridge({
  audit,
  logger,
  reuses,
}: {
  audit: Audit
  logger: Logger
  reuses: Reuses
}): AuditBridge {
  // On the request itself, and not in a weak map: these refer to it (see `Known` in platform/database).
  const pending = Symbol('pending')
  const pendingOf = ({ req }: Context): Promise<void>[] => {
    const holder = req as typeof req & { [pending]?: Promise<void>[] }
    holder[pending] ??= []
    return holder[pending]
  }
  const later = (ctx: Context, work: Promise<void>) => {
    pendingOf(ctx).push(work)
  }
  const subjectOf = (ctx: KoaContextWithOIDC): EventSubject => {
    const { client, account, session } = ctx.oidc
    return { clientId: client?.clientId, accountId: account?.accountId ?? session?.accountId, origin: originOf(ctx) }
  }

  /** Whoever presents it now and whoever did so first: one of the two stole it. */
  const recordReuse = (ctx: KoaContextWithOIDC, kind: string) => {
    const { at: firstUsedAt, from: firstAddress, grantId, accountId } = reuses.of(ctx) ?? {}
    const detail = { kind, firstUsedAt, firstAddress, grantId }
    return audit.record('token.reused', { ...subjectOf(ctx), ...(accountId ? { accountId } : {}) }, detail)
  }

  /** The library tells nobody about this one. What is not the client's own it leaves alone, and so do we. */
  const recordRevocation = (ctx: KoaContextWithOIDC) => {
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'revocation' || ctx.status !== 200) return
    const { AccessToken, RefreshToken, ClientCredentials } = oidc.entities
    const token = AccessToken ?? RefreshToken ?? ClientCredentials
    if (!token || token.clientId !== oidc.client?.clientId) return
    const accountId = 'accountId' in token ? token.accountId : undefined
    later(ctx, audit.record('token.revoked', { ...subjectOf(ctx), accountId }, { kind: token.kind }))
  }

  /** Nor about this one: whoever proves nothing about itself is told nothing, whatever it asked about. */
  const recordUnauthenticated = (ctx: KoaContextWithOIDC) => {
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'introspection' || ctx.status !== 200 || !oidc.client || isAuthenticated(oidc.client)) return
    const detail = { endpoint: oidc.route, error: 'invalid_client', description: 'a public client asks about a token' }
    later(ctx, audit.record('endpoint.refused', subjectOf(ctx as KoaContextWithOIDC), detail))
  }

  return {
    middleware: async (ctx, next) => {
      try {
        await next()
      } finally {
        recordRevocation(ctx as KoaContextWithOIDC)
        recordUnauthenticated(ctx as KoaContextWithOIDC)
        await Promise.all(pendingOf(ctx))
      }
    },
    listen(provider) {
      provider.on('authorization.success', (ctx) => {
        const { params, responseMode } = ctx.oidc
        later(
          ctx,
          audit.record('authorization.granted', subjectOf(ctx), { scopes: words(params?.scope), responseMode }),
        )
      })
      provider.on('authorization.error', (ctx, error) => {
        later(ctx, audit.record('authorization.refused', subjectOf(ctx), describe(error)))
      })
      provider.on('grant.success', (ctx) => {
        const { params, entities } = ctx.oidc
        const audience = entities.AccessToken?.aud
        later(
          ctx,
          audit.record('token.issued', subjectOf(ctx), {
            grantType: String(params?.grant_type),
            scopes: words((ctx.body as { scope?: unknown } | undefined)?.scope),
            audience: Array.isArray(audience) ? audience.join(' ') : audience,
          }),
        )
      })
      provider.on('grant.error', (ctx, error: OAuthError) => {
        const grantType = String(ctx.oidc.params?.grant_type ?? 'none').slice(0, 100)
        later(ctx, audit.record('token.refused', subjectOf(ctx), { grantType, ...describe(error) }))
        if (/already (used|consumed)/.test(error.error_detail ?? '')) {
          later(ctx, recordReuse(ctx, grantType))
        }
      })
      provider.on('grant.revoked', (ctx, grantId) => {
        later(ctx, audit.record('grant.revoked', subjectOf(ctx), { grantId, reason: ctx.oidc.route }))
      })
      for (const endpoint of endpoints) {
        provider.on(`${endpoint}.error` as 'userinfo.error', (ctx, error) => {
          later(ctx, audit.record('endpoint.refused', subjectOf(ctx), { endpoint, ...describe(error) }))
        })
      }
      provider.on('server_error', (ctx, error) => {
        // Out of the library's handler, which knows no 503: the boundary answers and logs it like everywhere else.
        if (isUnavailable(error)) throw error
        logger.error({ err: error, requestId: originOf(ctx).requestId }, 'fault')
      })
    },
  }
}
