import type { Context, Middleware } from 'koa'
import type { CheckToken } from './access-token.ts'

const REALM = 'demo-api'

/** RFC 6750 section 3: what is missing, for programs. Without a token there is nothing more to say than that. */
function challenge(ctx: Context, status: number, details: Readonly<Record<string, string>> = {}): void {
  const parts = Object.entries({ realm: REALM, ...details }).map(([name, value]) => `${name}="${value}"`)
  ctx.status = status
  ctx.set('WWW-Authenticate', `Bearer ${parts.join(', ')}`)
  ctx.body = {
    error: details.error ?? 'unauthorized',
    ...(details.error_description ? { message: details.error_description } : {}),
  }
}

/** The token in the Authorization header. One in the address or the body is not looked at: those end up in logs. */
const tokenOf = (ctx: Context) => /^Bearer +([\w~+/.=-]+) *$/i.exec(ctx.get('Authorization'))?.[1]

/** Lets a request pass that brings a good token with this permission: 401 without, 403 when it does not reach. */
export function createDemand(check: CheckToken) {
  return (permission: string): Middleware =>
    async (ctx, next) => {
      const token = tokenOf(ctx)
      if (token === undefined) return challenge(ctx, 401)
      const granted = await check(token)
      if (typeof granted === 'string')
        return challenge(ctx, 401, { error: 'invalid_token', error_description: granted })
      if (!granted.permissions.has(permission)) {
        const error_description = `this takes ${permission}`
        return challenge(ctx, 403, { error: 'insufficient_scope', error_description, scope: permission })
      }
      await next()
    }
}
