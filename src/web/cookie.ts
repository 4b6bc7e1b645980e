import type { Context } from 'koa'

/** A cookie of ours, named and kept as R-41 asks. */
export interface Cookie {
  readonly name: string
  /** Its value in this request, when it is there and, where it is signed, nobody else has made it. */
  get(ctx: Context): string | undefined
  /** Without a lifetime (seconds) it is gone with the browser's own session. */
  set(ctx: Context, value: string, lifetimeSeconds?: number): void
  clear(ctx: Context): void
}

/** Whether browsers reach this issuer by TLS: what follows from it for cookies and headers. */
export const isHttps = (issuer: string) => issuer.startsWith('https:')

/**
 * The name of a cookie, with the prefix that makes browsers keep others from setting it: bound to this host where it
 * holds for every path, to TLS elsewhere. They want https, which a developer's machine has not.
 */
export function cookieName(issuer: string, what: string, path = '/'): string {
  const prefix = path === '/' ? '__Host-' : '__Secure-'
  return `${isHttps(issuer) ? prefix : ''}gatehouse.${what}`
}

/** A cookie with this name that holds for this path and below. Scripts cannot read it, other sites cannot post with it. */
export function createCookie({
  issuer,
  name: what,
  path = '/',
  isSigned = true,
}: {
  issuer: string
  name: string
  path?: string
  isSigned?: boolean
}): Cookie {
  const name = cookieName(issuer, what, path)
  const options = { httpOnly: true, sameSite: 'lax', signed: isSigned, secure: isHttps(issuer), path } as const
  return {
    name,
    get: (ctx) => ctx.cookies.get(name, { signed: isSigned }),
    set: (ctx, value, lifetimeSeconds) => {
      ctx.cookies.set(name, value, lifetimeSeconds ? { ...options, maxAge: lifetimeSeconds * 1000 } : options)
    },
    clear: (ctx) => {
      ctx.cookies.set(name, null, options)
    },
  }
}
