import type { Context } from 'koa'
import type { Interaction } from 'oidc-provider'
import { scopes as personScopes } from '../claims.ts'
import type { Consent } from '../consents.ts'
import { type InteractionDependencies, presentClient, type Seam, seeOther, textParam } from './seam.ts'

const SECONDS_A_DAY = 86_400

/** What the library found missing from the grant. */
interface Missing {
  readonly missingOIDCScope?: readonly string[]
  readonly missingOIDCClaims?: readonly string[]
  readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>
}

const missingOf = ({ prompt }: Interaction) => prompt.details as Missing

/** What is asked for: of the person, and of each API. */
async function requestedBy(interaction: Interaction, { access }: InteractionDependencies) {
  const words = textParam(interaction, 'scope')?.split(' ') ?? []
  const { missingOIDCScope = [], missingResourceScopes = {} } = missingOf(interaction)
  const asked = [interaction.params.resource ?? []].flat().map(String)
  const apis = (await access.apis.list()).filter(({ identifier }) => asked.includes(identifier))
  const person = words.filter((name) => personScopes.includes(name) && name !== 'openid' && name !== 'offline_access')
  const ofApis = apis.flatMap(({ identifier, permissions }) =>
    permissions
      .filter(({ name }) => words.includes(name))
      .map(({ name, title }) => ({ name, title, isNew: missingResourceScopes[identifier]?.includes(name) ?? false })),
  )
  return {
    scopes: [
      ...person.map((name) => ({ name, titleKey: `scopes.${name}`, isNew: missingOIDCScope.includes(name) })),
      ...ofApis,
    ],
    isOffline: words.includes('offline_access'),
  }
}

/** Where the answer goes, as people read it: a host, this device, or an app by its scheme. */
function whereTo(redirectUri: string | undefined): string | undefined {
  const url = redirectUri && URL.parse(redirectUri)
  return url ? url.host || url.protocol.slice(0, -1) : undefined
}

/** Asks in plain words. */
export async function showConsent(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<void> {
  const { interaction, client, uid } = seam
  const account = await deps.accounts.find(interaction.session?.accountId ?? '')
  const { scopes, isOffline } = await requestedBy(interaction, deps)
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
  seeOther(ctx, await deps.provider().interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: false }))
}
