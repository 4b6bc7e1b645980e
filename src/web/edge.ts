import type { Middleware } from 'koa'
import { clientAddress } from '../platform/address.ts'
import { newId } from '../platform/ids.ts'
import { stateOf } from './state.ts'

/** Headers that only a proxy of ours may set, and that we set ourselves for everything behind the edge. */
const FORWARDING = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
]

/**
 * The first step of every request: who is calling, and under which id it will be known. What a stranger says about
 * forwarding is dropped (RFC 9700 section 4.13); the protocol is the issuer's, whatever the last hop spoke.
 */
export function edge({ issuer, trustedProxies }: { issuer: string; trustedProxies: readonly string[] }): Middleware {
  const protocol = new URL(issuer).protocol.slice(0, -1)
  return async (ctx, next) => {
    const { headers } = ctx.req
    const forwardedFor = headers['x-forwarded-for']?.toString()
    const address = clientAddress(ctx.req.socket.remoteAddress, forwardedFor, trustedProxies)
    for (const name of FORWARDING) if (name in headers) delete headers[name]
    headers['x-forwarded-proto'] = protocol
    headers['x-forwarded-for'] = address
    Object.assign(stateOf(ctx), { requestId: newId(), address, formActions: [], images: [] })
    await next()
  }
}
