// The protocol: OpenID Connect and OAuth 2.0 as node-oidc-provider does them, on our storage, our sign-in and our pages.
// The only room that imports the library. Owns clients, grants, consents, tokens, keys and protocol sessions.
import type { Middleware } from 'koa'
import type { Connection } from 'mongoose'
import { Provider } from 'oidc-provider'
import type { Accounts } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import type { Config } from '../config/index.ts'
import { hashSecret } from '../platform/ids.ts'
import type { Logger } from '../platform/logger.ts'
import type { Sealer } from '../platform/seal.ts'
import type { SignIn } from '../sign-in/index.ts'
import { type Csrf, type Render, routed } from '../web/index.ts'
import { createAuditBridge } from './audit-bridge.ts'
import { type Clients, createClients } from './clients/index.ts'
import { createConfiguration } from './configuration.ts'
import { formPostPage } from './form-post.ts'
import { interactionRoutes } from './interaction/routes.ts'
import { loadKeyset } from './keys/keyset.ts'
import { createResources, type Resource } from './resources.ts'
import { afterSignOut } from './sign-out.ts'
import { createAdapter } from './storage/adapter.ts'
import type { ProtocolStorage } from './storage/index.ts'

export type { Clients, StoredClient } from './clients/index.ts'
export { type Resource, resourceSchema } from './resources.ts'
export { openProtocolStorage, type ProtocolStorage } from './storage/index.ts'

/** What the protocol needs from outside. */
export interface ProtocolDependencies {
  readonly config: Config
  readonly connection: Connection
  readonly storage: ProtocolStorage
  readonly sealer: Sealer
  readonly audit: Audit
  readonly logger: Logger
  readonly accounts: Accounts
  readonly signIn: SignIn
  readonly resources: readonly Resource[]
  readonly render: Render
  readonly csrf: Csrf
}

/** The protocol, ready to serve. */
export interface Protocol {
  /** Its endpoints and the pages between its steps, in the order in which they are used. */
  readonly middleware: readonly Middleware[]
  readonly clients: Clients
  readonly resources: readonly Resource[]
}

/** Documents that change with keys and configuration only. */
const CACHEABLE = new Set(['discovery', 'jwks'])
const CACHE_SECONDS = 300

/** The library's own routes, carried by our app. It signs cookies with the app's keys then: they are the same ones. */
function carry(provider: Provider): Middleware {
  const [handle] = provider.middleware
  if (!handle) throw new Error('the library has no middleware')
  return async (ctx, next) => {
    await handle(ctx as Parameters<typeof handle>[0], next)
    const route = (ctx as { oidc?: { route?: string } }).oidc?.route
    if (route && CACHEABLE.has(route) && ctx.status === 200)
      ctx.set('Cache-Control', `public, max-age=${CACHE_SECONDS}`)
  }
}

/** Secrets are stored hashed, and compared as hashes. */
function compareHashedSecrets(provider: Provider): void {
  const prototype = provider.Client.prototype as { compareClientSecret(actual: string): boolean | Promise<boolean> }
  const compare = prototype.compareClientSecret
  prototype.compareClientSecret = function (actual) {
    return compare.call(this, hashSecret(actual))
  }
}

/** Reads or makes the signing keys and opens the room. The indexes of the database must exist. */
export async function createProtocol(deps: ProtocolDependencies): Promise<Protocol> {
  const { config, storage, audit, logger, render } = deps
  const { artifacts, consents } = storage
  const isProduction = config.environment === 'production'
  const resources = createResources(deps.resources, config.lifetimes.accessTokenSeconds)
  const adapter = createAdapter(artifacts, storage.clients)
  const jwks = await loadKeyset(deps)
  const configuration = createConfiguration({
    config,
    adapter,
    jwks,
    accounts: deps.accounts,
    consents,
    resources,
    render,
  })
  const provider = new Provider(config.server.issuer, configuration)
  provider.proxy = true
  compareHashedSecrets(provider)
  const bridge = createAuditBridge({ audit, logger })
  bridge.listen(provider)

  const interaction = interactionRoutes({ ...deps, consents, artifacts, resources, provider: () => provider })
  return {
    clients: createClients({ store: storage.clients, audit, provider: () => provider }),
    resources: deps.resources,
    middleware: [
      bridge.middleware,
      ...routed(interaction),
      formPostPage({ render, isProduction }),
      afterSignOut({ artifacts, audit }),
      carry(provider),
    ],
  }
}
