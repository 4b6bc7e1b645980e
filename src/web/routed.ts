import type Router from '@koa/router'
import type { Middleware } from 'koa'

type Step = (...args: Parameters<Middleware>) => Promise<void>

/** The first part of a path; `` for the front page. */
function roomOf(path: string): string {
  const end = path.indexOf('/', 1)
  return end === -1 ? path.slice(1) : path.slice(1, end)
}

/** One router, and 405 with Allow for other methods on its routes (RFC 9110 section 15.5.6). */
function stepInto(router: Router): Step {
  const [routes, others] = [router.routes(), router.allowedMethods()] as unknown as [Step, Step]
  return (ctx, next) => routes(ctx, () => others(ctx, next))
}

/**
 * Routers as one middleware. A path is matched only against the routers that have its first part: trying all routes of
 * all of them one after the other costs more than most answers.
 * @throws Error for a route whose first part is a parameter
 */
export function routed(...routers: readonly Router[]): Middleware {
  const rooms = new Map<string, Step>()
  for (const router of routers.toReversed()) {
    const own = stepInto(router)
    for (const room of new Set(router.stack.map(({ path }) => roomOf(String(path))))) {
      if (room.startsWith(':')) throw new Error(`no path of ours begins with a parameter: ${room}`)
      const others = rooms.get(room)
      rooms.set(room, others ? (ctx, next) => own(ctx, () => others(ctx, next)) : own)
    }
  }
  const middleware: Middleware = (ctx, next) => rooms.get(roomOf(ctx.path))?.(ctx, next) ?? next()
  // What koa's routers tell about themselves, for whoever lists the routes.
  return Object.assign(middleware, { router: { stack: routers.flatMap(({ stack }) => stack) } })
}
