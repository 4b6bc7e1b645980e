import type { Middleware } from 'koa'

const READ = ['GET', 'HEAD']

/** The library's endpoints. It keeps its own table to itself; the test of all routes holds this one to it. */
const ENDPOINTS: readonly (readonly [path: string, methods: readonly string[]])[] = [
  ['/.well-known/openid-configuration', [...READ, 'OPTIONS']],
  ['/.well-known/oauth-authorization-server', [...READ, 'OPTIONS']],
  ['/jwks', [...READ, 'OPTIONS']],
  ['/auth', READ],
  ['/auth/:uid', READ],
  ['/request', ['POST', 'OPTIONS']],
  ['/token', ['POST', 'OPTIONS']],
  ['/token/introspection', ['POST', 'OPTIONS']],
  ['/token/revocation', ['POST', 'OPTIONS']],
  ['/me', [...READ, 'POST', 'OPTIONS']],
  ['/session/end', READ],
  ['/session/end/confirm', ['POST']],
  ['/session/end/success', READ],
]
const METHODS = new Map(ENDPOINTS)

/** As the library reads paths: in either case, and with one part that may be anything. */
const methodsOf = (path: string) => METHODS.get(path.toLowerCase().replace(/^\/auth\/[^/]+$/, '/auth/:uid'))

/**
 * The library says 404 to a method that an endpoint does not have; this makes it 405, with those that it has
 * (RFC 9110 section 15.5.6). Whoever asks for these (OPTIONS) is told; preflights of browsers the library answers.
 */
export const allowedMethods: Middleware = async (ctx, next) => {
  await next()
  if (ctx.status !== 404 || ctx.body) return
  const methods = methodsOf(ctx.path)
  if (!methods) return
  const isAsked = ctx.method === 'OPTIONS' && methods.includes('OPTIONS')
  if (methods.includes(ctx.method) && !isAsked) return
  ctx.status = isAsked ? 204 : 405
  ctx.set('Allow', methods.join(', '))
}
