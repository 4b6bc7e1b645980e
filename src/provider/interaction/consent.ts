import type { Context } from 'koa'
import type { Consent } from '../consents.ts'
import { missingOf, requestedBy } from './requested.ts'
import { handOver, type InteractionDependencies, presentClient, type Seam, seeOther, textParam } from './seam.ts'

const SECONDS_A_DAY = 86_400

/** Where the answer goes, as people read it: a host, this device, or an app by its scheme. */
function whereTo(redirectUri: string | undefined): string | undefined {
  const url = redirectUri && URL.parse(redirectUri)
  return url ? url.host || url.protocol.slice(0, -1) : undefined
}

/** Asks in plain words. */
export async function showConsent(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<void> {
  const { interaction, client, uid } = seam
  // Kept, so that whoever comes back too late can start the same again.
  await deps.signIn.open({ uid, request: { ...interaction.params }, expiresAt: new Date(interaction.exp * 1000) })
  const account = await deps.accounts.find(interaction.session?.accountId ?? '')
  const { scopes, isOffline } = await requestedBy(seam, account, deps)
  const details: Readonly<Record<string, string | undefined>> = { profile: account?.name, email: account?.email }
  deps.render(ctx, 'consent', {
    client: presentClient(client),
    csrf: deps.csrf.token(uid),
    returnsTo: whereTo(textParam(interaction, 'redirect_uri')),
    action: `/interaction/${uid}/consent`,
    switchAction: `/interaction/${uid}/begin`,
    account: { identifier: account?.email, name: account?.name },
    scopes: scopes.map((scope) => ({ ...scope, detail: details[scope.name] })),
    claims: missingOf(interaction).missingOIDCClaims,
    isOffline,
    offlineDays: Math.ceil(deps.config.lifetimes.refreshTokenSeconds / SECONDS_A_DAY),
  })
}

/** The person allows it: kept in the grant, and remembered for the next time. */
export async function allow(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<void> {
  const { interaction, clientId, origin } = seam
  const accountId = interaction.session?.accountId
  if (!accountId) throw new Error('a consent without an account')
  const provider = deps.provider()
  const { missingOIDCScope = [], missingOIDCClaims = [], missingResourceScopes = {} } = missingOf(interaction)
  const resources = Object.entries(missingResourceScopes).map(([resource, scopes]) => ({ resource, scopes }))

  const found = interaction.grantId ? await provider.Grant.find(interaction.grantId) : undefined
  const grant = found ?? new provider.Grant({ accountId, clientId })
  if (missingOIDCScope.length > 0) grant.addOIDCScope(missingOIDCScope.join(' '))
  if (missingOIDCClaims.length > 0) grant.addOIDCClaims([...missingOIDCClaims])
  for (const { resource, scopes } of resources) grant.addResourceScope(resource, scopes.join(' '))
  const grantId = await grant.save()

  const consent: Consent = { scopes: missingOIDCScope, claims: missingOIDCClaims, resources }
  await deps.consents.remember(accountId, clientId, consent)
  const scopes = [...missingOIDCScope, ...resources.flatMap((entry) => entry.scopes)]
  await deps.audit.record('consent.granted', { accountId, clientId, origin }, { scopes, isRemembered: true })
  seeOther(
    ctx,
    await provider.interactionResult(ctx.req, ctx.res, { consent: { grantId } }, { mergeWithLastSubmission: true }),
  )
}

/** The person would rather not. */
export async function deny(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<void> {
  const { interaction, clientId, origin } = seam
  const scopes = textParam(interaction, 'scope')?.split(' ') ?? []
  await deps.audit.record('consent.denied', { accountId: interaction.session?.accountId, clientId, origin }, { scopes })
  const result = { error: 'access_denied', error_description: 'the person did not allow it' }
  seeOther(ctx, await handOver(ctx, seam, result, deps))
}
