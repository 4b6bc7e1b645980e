import type { Middleware } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Audit } from '../audit/index.ts'
import { allowFormAction, originOf, type Render } from '../web/index.ts'
import { formActionsFor } from './redirects.ts'
import type { EndedSession, SessionEnds } from './session-ends.ts'
import type { Artifacts } from './storage/artifacts.ts'

/** What ending a session needs. */
export interface SignOutDependencies {
  readonly artifacts: Artifacts
  readonly sessionEnds: SessionEnds
  readonly audit: Audit
}

/** Everything that hangs on a session goes with it, offline access too: signing out means out. */
async function revokeGrantsOf(session: EndedSession, artifacts: Artifacts): Promise<void> {
  const grantIds = Object.values(session.authorizations ?? {}).flatMap(({ grantId }) => grantId ?? [])
  await Promise.all(
    grantIds.map(async (grantId) => {
      await artifacts.revokeByGrantId(grantId)
      await artifacts.destroy('Grant', grantId)
    }),
  )
}

/** The person leaves one account for another in the same browser: the first session ends here, for everybody. */
export async function endSession(
  session: InstanceType<Provider['Session']>,
  reason: string,
  { artifacts, sessionEnds, audit }: SignOutDependencies,
  origin: { requestId: string; address: string },
): Promise<void> {
  await sessionEnds.tell(session)
  await revokeGrantsOf(session, artifacts)
  await session.destroy()
  await audit.record('session.ended', { accountId: session.accountId, origin }, { reason })
}

/** After the library has signed somebody out, and told the clients: ends what it spares, and tells the trail. */
export function afterSignOut({ artifacts, audit }: Omit<SignOutDependencies, 'sessionEnds'>): Middleware {
  return async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'end_session_confirm') return
    const session = oidc.session as (EndedSession & { destroyed?: boolean }) | undefined
    if (!session?.destroyed || !session.accountId) return
    await revokeGrantsOf(session, artifacts)
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
