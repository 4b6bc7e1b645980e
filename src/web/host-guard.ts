import type { Middleware } from 'koa'
import { Refusal } from '../platform/refusal.ts'

/**
 * Answers for the issuer's host only: addresses in documents and redirects are made from the Host header, so a made-up
 * one must not get that far (RFC 9110 section 7.4).
 * @throws Refusal `request.misdirected`
 */
export function hostGuard(issuer: string): Middleware {
  const { host, hostname, port, protocol } = new URL(issuer)
  const explicit = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
  return async (ctx, next) => {
    const asked = ctx.req.headers.host?.toLowerCase()
    if (asked !== host && asked !== explicit) {
      throw new Refusal({
        code: 'request.misdirected',
        status: 421,
        message: `This address is not served here. Gatehouse is at ${issuer}.`,
        params: { issuer },
      })
    }
    ctx.req.headers.host = host
    await next()
  }
}
