import Router from '@koa/router'
import type { Context } from 'koa'
import type { Access } from '../../access/index.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Clients, StoredClient } from '../../provider/index.ts'
import { type Csrf, createCookie, formBody, type Render, readForm } from '../../web/index.ts'
import { showInFrame } from '../frame.ts'
import { decodeToken } from './decode.ts'
import { jsonParts } from './json-parts.ts'
import { permissionField, presentPermissions, readPermissions } from './permissions.ts'
import { createRelyingParty, type RelyingParty, toParameters } from './relying-party.ts'
import type { Run, Runs } from './run.ts'
import { createSnippets } from './snippets.ts'

/** What the playground needs: it gets no further into the house than any application does. */
export interface PlaygroundDependencies {
  readonly issuer: string
  readonly runs: Runs
  readonly clients: Pick<Clients, 'list'>
  readonly apis: Pick<Access['apis'], 'list'>
  readonly render: Render
  readonly csrf: Csrf
}

const HOME = '/workbench/playground'
const BINDING = 'workbench.playground'
const SCOPES = ['openid', 'profile', 'email', 'offline_access', 'roles', 'organizations']
const TICKED = ['openid', 'profile', 'email']
/** Parameters of the request that are sent as they were typed, when they were. */
const PARAMETERS = ['prompt', 'acr_values', 'max_age', 'login_hint', 'ui_locales', 'response_mode']

const refuse = (message: string) => new Refusal({ code: 'request.malformed', status: 400, message })

/** The clients that may come back to the playground. */
const usable = (clients: readonly StoredClient[], redirectUri: string) =>
  clients
    .filter(({ metadata }) => metadata.redirect_uris?.includes(redirectUri))
    .map(({ id, metadata }) => ({
      id,
      name: metadata.client_name ?? id,
      isPublic: metadata.token_endpoint_auth_method === 'none',
    }))

type Act = 'refresh' | 'userinfo' | 'introspect' | 'revoke'
const ACTS: readonly string[] = ['refresh', 'userinfo', 'introspect', 'revoke'] satisfies Act[]

/** The relying party's pages. */
export function playgroundRoutes(deps: PlaygroundDependencies): Router {
  const { issuer, runs, clients, apis, render, csrf } = deps
  const redirectUri = `${issuer}${HOME}/callback`
  const relyingParty: RelyingParty = createRelyingParty({ issuer, redirectUri, homeUri: `${issuer}${HOME}` })
  const cookie = createCookie({ issuer, name: 'playground', path: '/workbench' })
  const router = new Router({ prefix: HOME })

  /** Those that any client may ask for: the playground has no keys that others have not. */
  const openApis = async () => (await apis.list()).filter(({ isRestricted }) => !isRestricted)

  const seeOther = (ctx: Context, location: string) => {
    ctx.redirect(location)
    ctx.status = 303
  }
  const currentRun = async (ctx: Context): Promise<{ id: string; run: Run } | undefined> => {
    const id = cookie.get(ctx)
    const run = id ? await runs.find(id) : undefined
    return id && run ? { id, run } : undefined
  }

  router.get('/', async (ctx) => {
    const choices = usable(await clients.list(), redirectUri)
    showInFrame(render, ctx, 'playground', {
      csrf: csrf.token(BINDING),
      clients: choices,
      hasConfidential: choices.some(({ isPublic }) => !isPublic),
      scopes: SCOPES.map((name) => ({ name, isTicked: TICKED.includes(name) })),
      apis: await openApis(),
      permissionField,
      issuer,
      redirectUri,
      snippets: createSnippets(issuer, choices[0]?.id ?? 'your-client'),
      hasRun: (await currentRun(ctx)) !== undefined,
    })
  })

  router.post('/start', formBody(), async (ctx) => {
    const form = readForm(ctx)
    csrf.verify(ctx, BINDING, form.csrf)
    const client = usable(await clients.list(), redirectUri).find(({ id }) => id === form.client_id)
    if (!client) throw refuse('There is no such client to try.')
    const { resource, names } = readPermissions(form, await openApis())
    const scope = [...SCOPES.filter((name) => form[`scope.${name}`] === 'on'), ...names].join(' ')
    // Without it the wish to stay connected is dropped (OpenID Connect Core section 11).
    const prompt = form.prompt || (form['scope.offline_access'] === 'on' ? 'consent' : '')
    const wished: Readonly<Record<string, string>> = { ...form, prompt }
    const typed = PARAMETERS.flatMap((name): [string, string][] => (wished[name] ? [[name, wished[name]]] : []))
    const { run, url } = await relyingParty.start({
      clientId: client.id,
      clientSecret: form.client_secret || undefined,
      scope,
      resource,
      parameters: Object.fromEntries(typed),
    })
    cookie.set(ctx, await runs.create(run))
    seeOther(ctx, url)
  })

  const comeBack = async (ctx: Context, callback: URL | Request, parameters: URLSearchParams) => {
    const current = await currentRun(ctx)
    if (!current) return seeOther(ctx, HOME)
    const exchange = { label: 'callback', method: ctx.method, url: redirectUri, parameters: toParameters(parameters) }
    await runs.save(current.id, await relyingParty.finish(current.run, callback, exchange))
    seeOther(ctx, `${HOME}/run`)
  }
  router.get('/callback', async (ctx) => {
    const parameters = new URLSearchParams(ctx.querystring)
    await comeBack(ctx, new URL(`${redirectUri}?${parameters}`), parameters)
  })
  router.post('/callback', formBody(), async (ctx) => {
    const body = new URLSearchParams(readForm(ctx))
    await comeBack(ctx, new Request(redirectUri, { method: 'POST', body }), body)
  })

  router.get('/run', async (ctx) => {
    const current = await currentRun(ctx)
    if (!current) return seeOther(ctx, HOME)
    const { id, run } = current
    showInFrame(render, ctx, 'run', {
      run,
      csrf: csrf.token(id),
      issuer,
      jsonParts,
      idToken: await decodeToken(run.tokens?.idToken, { issuer, audience: run.clientId, nonce: run.nonce }),
      accessToken: await decodeToken(run.tokens?.accessToken, {
        issuer,
        audience: run.resource ?? issuer,
        type: 'at+jwt',
      }),
      permissions: presentPermissions(run, await openApis()),
      latest: run.exchanges.at(-1),
    })
  })

  router.post('/act', formBody(), async (ctx) => {
    const current = await currentRun(ctx)
    if (!current) return seeOther(ctx, HOME)
    const { action = '', csrf: token } = readForm(ctx)
    csrf.verify(ctx, current.id, token)
    if (action === 'sign-out') return seeOther(ctx, await relyingParty.signOutUrl(current.run))
    if (!ACTS.includes(action) || !current.run.tokens) throw refuse('The playground cannot do that.')
    await runs.save(current.id, await relyingParty[action as Act](current.run))
    seeOther(ctx, `${HOME}/run`)
  })
  return router
}
