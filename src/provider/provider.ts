import { AsyncLocalStorage } from 'node:async_hooks'
import type { JWK } from 'jose'
import type { Middleware } from 'koa'
import { type Configuration, Provider } from 'oidc-provider'
import { libraryContext } from './library-context.ts'

/** What is done to every new instance and its keys before it serves: a prototype patched, its events listened to. */
export type Adjustment = (provider: Provider, jwks: readonly JWK[]) => void

/** What an instance of the library is made from. */
export interface ProviderDependencies {
  readonly issuer: string
  /** The configuration with these private keys, the ones to sign with first. Called for every instance. */
  readonly configure: (jwks: readonly JWK[]) => Configuration
  readonly adjustments: readonly Adjustment[]
}

/** The library's instance, which is replaced where it cannot be changed: when keys or configuration do. */
export interface Providers {
  /** Within a request the instance that the request started on, elsewhere the newest one. */
  readonly current: () => Provider
  /** Makes a new instance with these keys. Requests that start from now on are served by it. */
  readonly renew: (jwks: readonly JWK[]) => void
  /** Everything after it stays on one instance, to the end of the request. */
  readonly pin: Middleware
  /** The library's own routes. */
  readonly serve: Middleware
}

/** Documents that change with keys and configuration only. */
const CACHEABLE = new Set(['discovery', 'jwks'])
const CACHE_SECONDS = 300

/** The library's routes as they are carried by our app. It signs cookies with the app's keys: they are the same ones. */
function handlerOf(provider: Provider) {
  const [handle] = provider.middleware
  if (!handle) throw new Error('the library has no middleware')
  return handle
}

/**
 * The library's instance with these first keys. Constructing one takes about a millisecond; its models and hooks belong
 * to it alone (the library throws on those of another), so a request never changes from one to the next.
 */
export function createProviders({ issuer, configure, adjustments }: ProviderDependencies, jwks: readonly JWK[]) {
  const pinned = new AsyncLocalStorage<Provider>()
  const make = (keys: readonly JWK[]) => {
    const provider = new Provider(issuer, configure(keys))
    provider.proxy = true
    for (const adjust of adjustments) adjust(provider, keys)
    return provider
  }
  let newest = make(jwks)
  const current = () => pinned.getStore() ?? newest

  const providers: Providers = {
    current,
    renew: (keys) => {
      newest = make(keys)
    },
    pin: (_ctx, next) => pinned.run(newest, next),
    serve: async (ctx, next) => {
      const handle = handlerOf(current())
      await handle(libraryContext(ctx) as Parameters<typeof handle>[0], next)
      const route = (ctx as { oidc?: { route?: string } }).oidc?.route
      if (route && CACHEABLE.has(route) && ctx.status === 200)
        ctx.set('Cache-Control', `public, max-age=${CACHE_SECONDS}`)
    },
  }
  return providers
}
