import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import type { Audit } from '../../audit/index.ts'
import { hashSecret } from '../../platform/ids.ts'
import { Refusal } from '../../platform/refusal.ts'
import { originOf, readJson, stateOf } from '../../web/index.ts'
import type { Clients } from './index.ts'
import type { ClientInvitations } from './invitations.ts'
import { refusals } from './refusals.ts'
import { presentRead, presentRegistered } from './registration.present.ts'
import { findSecret } from './secrets.ts'
import type { ClientStore, StoredClient } from './store.ts'
import type { RegistrationRequest } from './validate.ts'

/** What the endpoints of dynamic registration are made of. */
export interface RegistrationDependencies {
  readonly issuer: string
  readonly store: ClientStore
  readonly invitations: ClientInvitations
  readonly clients: Pick<Clients, 'register' | 'update' | 'delete'>
  readonly audit: Audit
}

/** Where apps register themselves. */
export const REGISTRATION_PATH = '/reg'

/** What must not be sent with a change (RFC 7592 section 2.2). */
const NOT_SENT = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
]

/** The words of RFC 7591 section 3.2.2 and RFC 6750 section 3.1 for our refusals. */
const errorOf: Readonly<Record<string, string>> = {
  'client.metadata_invalid': 'invalid_client_metadata',
  'client.redirect_uri_invalid': 'invalid_redirect_uri',
  'client.token_invalid': 'invalid_token',
}

/** Refusals as these endpoints tell them; all of them go to the trail. */
function inProtocolWords(audit: Audit, issuer: string): Middleware {
  return async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store')
    try {
      await next()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, status, message } = error
      const word = errorOf[code] ?? 'invalid_request'
      stateOf(ctx).refusal = code
      ctx.status = status
      ctx.body = { error: word, error_description: message }
      if (status === 401) ctx.set('WWW-Authenticate', `Bearer realm="${issuer}", error="${word}"`)
      const { clientId } = ctx.params
      await audit.record('client.registration_refused', { clientId, origin: originOf(ctx) }, { reason: code })
    }
  }
}

/** @throws Refusal `client.token_invalid` when there is none */
function bearerOf(ctx: Context): string {
  const token = /^Bearer ([\w\-.~+/]+=*)$/i.exec(ctx.get('Authorization'))?.[1]
  if (!token) throw refusals.tokenInvalid()
  return token
}

const malformed = (message: string) => new Refusal({ code: 'request.malformed', status: 400, message })

/** What a change has to agree with (RFC 7592 section 2.2). */
function assertSame(client: StoredClient, request: RegistrationRequest): void {
  const unwanted = NOT_SENT.find((name) => name in request)
  if (unwanted) throw malformed(`The request must not include ${unwanted}.`)
  if (request.client_id !== client.id) throw malformed('The client_id must be that of the client.')
  const { client_secret } = request
  if (client_secret === undefined) return
  if (typeof client_secret !== 'string' || !findSecret(client.secrets, client_secret))
    throw malformed('The client_secret is not that of the client: it cannot be chosen.')
}

/**
 * Registration (RFC 7591) and management (RFC 7592) by clients themselves. Our own routes and not the library's: it
 * would keep secrets and tokens in plain to show them again, and count no invitation; ours end in the same verbs as
 * every other door.
 */
export function registrationRoutes(deps: RegistrationDependencies): Router {
  const { issuer, store, invitations, clients, audit } = deps
  const router = new Router({ prefix: REGISTRATION_PATH })
  const uriOf = (id: string) => `${issuer}${REGISTRATION_PATH}/${encodeURIComponent(id)}`
  const findManaged = async (ctx: Context): Promise<{ client: StoredClient; token: string }> => {
    const token = bearerOf(ctx)
    const client = await store.findManaged(ctx.params.clientId ?? '', hashSecret(token))
    if (!client) throw refusals.tokenInvalid()
    return { client, token }
  }
  router.use(inProtocolWords(audit, issuer))

  router.post('/', async (ctx) => {
    const token = bearerOf(ctx)
    // Looked at first, so that strangers learn nothing; taken last, so that a mistake in the metadata costs no use.
    if (!(await invitations.isGood(token))) throw refusals.tokenInvalid()
    const request = await readJson(ctx)
    const registered = await clients.register(request, {
      via: 'dynamic',
      subject: { origin: originOf(ctx) },
      admit: async () => ({ invitationId: await invitations.consume(token) }),
    })
    ctx.status = 201
    ctx.body = presentRegistered(registered, uriOf(registered.client_id))
  })
  router.get('/:clientId', async (ctx) => {
    const { client, token } = await findManaged(ctx)
    ctx.body = presentRead(client, uriOf(client.id), token)
  })
  router.put('/:clientId', async (ctx) => {
    const { client, token } = await findManaged(ctx)
    const { client_id, client_secret, ...request } = await readJson(ctx)
    assertSame(client, { client_id, client_secret, ...request })
    const subject = { clientId: client.id, origin: originOf(ctx) }
    const updated = await clients.update(client, request, { via: 'dynamic', subject, managementToken: token })
    ctx.body = presentRegistered(updated, uriOf(client.id))
  })
  router.delete('/:clientId', async (ctx) => {
    const { client } = await findManaged(ctx)
    await clients.delete(client.id, 'dynamic', { clientId: client.id, origin: originOf(ctx) })
    ctx.status = 204
  })
  return router
}
