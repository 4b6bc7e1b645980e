import type { Context } from 'koa'
import type { Client, Interaction, InteractionResults, Provider } from 'oidc-provider'
import type { Access } from '../../access/index.ts'
import type { Accounts } from '../../accounts/index.ts'
import type { Audit } from '../../audit/index.ts'
import type { Config } from '../../config/index.ts'
import type { Recovery } from '../../recovery/index.ts'
import type { Registration } from '../../registration/index.ts'
import type { SignIn } from '../../sign-in/index.ts'
import {
  allowFormAction,
  allowImages,
  type Browsers,
  type Cookie,
  type Csrf,
  originOf,
  type Render,
  refuseGone,
  stateOf,
} from '../../web/index.ts'
import type { Consents } from '../consents.ts'
import { formActionsFor } from '../redirects.ts'
import type { KnownAccounts } from './known-accounts.ts'
import { dropLostSession } from './lost-session.ts'
import type { UsedWays } from './used-ways.ts'

/** The rooms and ports that the pages between protocol and people need from outside. */
export interface PagePorts {
  readonly config: Config
  readonly access: Access
  readonly accounts: Accounts
  readonly signIn: SignIn
  readonly registration: Registration
  readonly recovery: Recovery
  readonly audit: Audit
  readonly render: Render
  readonly browsers: Browsers
  readonly csrf: Csrf
  /** The language that a page would be answered in. */
  readonly localeOf: (ctx: Context) => string
  /** The language that somebody chose by themselves in this browser. */
  readonly chosenLocaleOf: (ctx: Context) => string | undefined
}

/** What these pages are made of. */
export interface InteractionDependencies extends PagePorts {
  readonly provider: () => Provider
  readonly consents: Consents
  readonly usedWays: UsedWays
  readonly knownAccounts: KnownAccounts
  /** Holds the secret of a browser that is trusted. */
  readonly deviceCookie: Cookie
}

/** An interaction that is under way in this browser, and the client that it is for. */
export interface Seam {
  readonly uid: string
  readonly interaction: Interaction
  readonly client: Client
  readonly clientId: string
  readonly origin: { requestId: string; address: string }
  /** What was proved so far was just forgotten, because the session that it stood on is over. */
  readonly isStartedOver: boolean
}

/** What pages say about a client. */
export function presentClient(client: Client) {
  const { clientName, clientId, logoUri, policyUri, tosUri, clientUri } = client
  const isUnverified = client.is_unverified === true
  return { name: clientName ?? clientId, logoUri, policyUri, tosUri, uri: clientUri, isUnverified }
}

/** A parameter of the authorization request, when it is there and plain. */
export function textParam({ params }: Interaction, name: string): string | undefined {
  const value = params[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Finds the interaction of this address in this browser: the cookie and the address must name the same one. Readies the
 * page for it: language, where its forms may lead, and the client's logo.
 * @returns undefined when it is over, has expired or belongs to another browser
 */
export async function openSeam(ctx: Context, deps: InteractionDependencies): Promise<Seam | undefined> {
  const provider = deps.provider()
  const uid = ctx.params.uid ?? ''
  const interaction =
    ctx.cookies.get(provider.cookieName('interaction')) === uid ? await provider.Interaction.find(uid) : undefined
  const clientId = interaction && textParam(interaction, 'client_id')
  const client = clientId ? await provider.Client.find(clientId) : undefined
  if (!interaction || !client || !clientId) return undefined
  const isStartedOver = await dropLostSession(ctx, interaction, deps)

  const uiLocales = textParam(interaction, 'ui_locales')
  if (uiLocales) stateOf(ctx).uiLocales = uiLocales
  const redirectUri = textParam(interaction, 'redirect_uri')
  if (redirectUri) allowFormAction(ctx, ...formActionsFor(redirectUri, deps.config.environment === 'production'))
  // The one picture from elsewhere: the client's own logo, from its own address and no other (no referrer goes there).
  if (client.logoUri?.startsWith('https://')) allowImages(ctx, client.logoUri)
  return { uid, interaction, client, clientId, origin: originOf(ctx), isStartedOver }
}

/**
 * Hands what a page came to to the protocol, instead of anything that was handed to it before.
 * @returns where that goes on
 */
export async function handOver(
  ctx: Context,
  { interaction }: Seam,
  result: InteractionResults,
  { provider }: Pick<InteractionDependencies, 'provider'>,
): Promise<string> {
  // The library compares the session with the one that the interaction began in.
  if (interaction.session?.uid)
    return provider().interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: false })
  // Where there is none this is all it does, but for reading the interaction once more.
  interaction.result = result
  await interaction.persist()
  return interaction.returnTo
}

/** Leads on with GET, whatever was posted (RFC 9700 section 4.12: never 307). */
export function seeOther(ctx: Context, location: string): void {
  ctx.redirect(location)
  ctx.status = 303
}

/** Where this authorization request is made once more. */
export function requestHref(params: Readonly<Record<string, unknown>>, provider: Provider): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    for (const item of [value].flat()) if (typeof item === 'string') query.append(name, item)
  }
  return `${new URL(provider.urlFor('authorization')).pathname}?${query}`
}

type EndedDependencies = Pick<InteractionDependencies, 'signIn' | 'provider' | 'render'>

/** Refuses what was asked of an interaction that is over. */
export async function showEnded(ctx: Context, deps: EndedDependencies): Promise<void> {
  await renderEnded(ctx, deps)
  refuseGone(ctx, 'sign_in.ended')
}

/**
 * The page for an interaction that is over: one button starts the same thing again, from the request as it was kept.
 * Nobody is left on a dead end, whichever tab or history entry they come from.
 */
export async function renderEnded(ctx: Context, { signIn, provider, render }: EndedDependencies): Promise<void> {
  const request = await signIn.findRequest(ctx.params.uid ?? '')
  const clientId = typeof request?.client_id === 'string' ? request.client_id : undefined
  const client = clientId ? await provider().Client.find(clientId) : undefined
  const restartHref = client && requestHref(request ?? {}, provider())
  ctx.status = 410
  render(ctx, 'sign-in/ended', { clientName: client?.clientName, restartHref })
}
