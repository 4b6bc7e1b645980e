import type Router from '@koa/router'
import type { Middleware } from 'koa'

/** A router as middleware: its routes, and 405 with Allow for other methods on them (RFC 9110 section 15.5.6). */
export function routed(router: Router): Middleware[] {
  return [router.routes(), router.allowedMethods()] as unknown as Middleware[]
}
