import type { Middleware } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Audit } from '../audit/index.ts'
import { allowFormAction, originOf, type Render } from '../web/index.ts'
import { formActionsFor } from './redirects.ts'

/** The person leaves one account for another in the same browser: the first session ends here, for everybody. */
export async function endSession(
  session: InstanceType<Provider['Session']>,
  reason: string,
  audit: Audit,
  origin: { requestId: string; address: string },
): Promise<void> {
  await session.destroy()
  await audit.record('session.ended', { accountId: session.accountId, origin }, { reason })
}

/** After the library has signed somebody out: tells the trail. */
export function afterSignOut(audit: Audit): Middleware {
  return async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'end_session_confirm') return
    const session = oidc.session as { accountId?: string; destroyed?: boolean } | undefined
    if (!session?.destroyed || !session.accountId) return
    await audit.record(
      'session.ended',
      { accountId: session.accountId, clientId: oidc.client?.clientId, origin: originOf(ctx) },
      { reason: 'signed out' },
    )
  }
}

/** The pages of RP-Initiated Logout 1.0. */
export function signOutPages({ render, isProduction }: { render: Render; isProduction: boolean }) {
  return {
    enabled: true,
    /** Asks before anybody is signed out; whoever brings an ID token of this very session is not asked twice. */
    async logoutSource(ctx: KoaContextWithOIDC) {
      const { session, client, entities, params } = ctx.oidc
      const hint = entities.IdTokenHint as { payload?: { sub?: unknown } } | undefined
      const returnTo = params?.post_logout_redirect_uri
      if (typeof returnTo === 'string') allowFormAction(ctx, ...formActionsFor(returnTo, isProduction))
      render(ctx, 'sign-out/confirm', {
        action: ctx.oidc.urlFor('end_session_confirm'),
        fields: [{ name: 'xsrf', value: (session?.state as { secret?: string } | undefined)?.secret ?? '' }],
        clientName: client?.clientName,
        isTrusted: hint?.payload?.sub !== undefined && hint.payload.sub === session?.accountId,
      })
    },
    async postLogoutSuccessSource(ctx: KoaContextWithOIDC) {
      const { clientName, clientUri } = ctx.oidc.client ?? {}
      render(ctx, 'sign-out/done', { clientName, continueHref: clientUri })
    },
  }
}
