import type { Context, Middleware } from 'koa'
import type { CheckToken } from './access-token.ts'
import { type CheckBinding, PROOF_ALGORITHMS, type Presented } from './proof.ts'

const REALM = 'demo-api'

/** What is missing, for programs, in one scheme (RFC 6750 section 3, RFC 9449 section 7.1). */
function challengeOf(scheme: Presented['scheme'], details: Readonly<Record<string, string>>): string {
  const algs = scheme === 'DPoP' ? { algs: PROOF_ALGORITHMS.join(' ') } : {}
  const parts = Object.entries({ realm: REALM, ...details, ...algs }).map(([name, value]) => `${name}="${value}"`)
  return `${scheme} ${parts.join(', ')}`
}

/** Without a token there is nothing more to say than that. */
function askForToken(ctx: Context): void {
  ctx.status = 401
  ctx.set('WWW-Authenticate', `${challengeOf('Bearer', {})}, ${challengeOf('DPoP', {})}`)
  ctx.body = { error: 'unauthorized' }
}

interface No {
  readonly status: 401 | 403
  readonly error: string
  readonly reason: string
  readonly scope?: string
}

function refuse(ctx: Context, scheme: Presented['scheme'], { status, error, reason, scope }: No): void {
  const details = { error, error_description: reason, ...(scope ? { scope } : {}) }
  ctx.status = status
  ctx.set('WWW-Authenticate', challengeOf(scheme, details))
  ctx.body = { error, message: reason }
}

/** The token in the Authorization header. One in the address or the body is not looked at: those end up in logs. */
function presentedIn(ctx: Context): Presented | undefined {
  const [, name = '', token] = /^(Bearer|DPoP) +([\w~+/.=-]+) *$/i.exec(ctx.get('Authorization')) ?? []
  if (token === undefined) return undefined
  const scheme = name.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer'
  return { scheme, token, proof: ctx.get('DPoP'), method: ctx.method, path: ctx.path }
}

/** Lets a request pass that brings a good token with this permission: 401 without, 403 when it does not reach. */
export function createDemand(check: CheckToken, checkBinding: CheckBinding) {
  return (permission: string): Middleware =>
    async (ctx, next) => {
      const presented = presentedIn(ctx)
      if (!presented) return askForToken(ctx)
      const { scheme } = presented
      const granted = await check(presented.token)
      if (typeof granted === 'string')
        return refuse(ctx, scheme, { status: 401, error: 'invalid_token', reason: granted })
      const problem = await checkBinding(presented, granted.claims)
      if (problem) {
        const error = scheme === 'DPoP' ? 'invalid_dpop_proof' : 'invalid_token'
        return refuse(ctx, 'DPoP', { status: 401, error, reason: problem })
      }
      if (!granted.permissions.has(permission)) {
        const reason = `this takes ${permission}`
        return refuse(ctx, scheme, { status: 403, error: 'insufficient_scope', reason, scope: permission })
      }
      await next()
    }
}
