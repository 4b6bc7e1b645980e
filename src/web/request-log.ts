import type { Context, Middleware } from 'koa'
import type { Logger } from '../platform/logger.ts'
import { stateOf } from './state.ts'

/** What a route is called in the log: its pattern or its name. A path itself may hold a secret, and a query often does. */
function routeOf(ctx: Context): string {
  const { _matchedRoute: pattern, _matchedRouteName: name } = ctx as {
    _matchedRoute?: unknown
    _matchedRouteName?: unknown
  }
  return stateOf(ctx).route ?? String(pattern ?? name ?? `/${ctx.path.split('/')[1]?.slice(0, 40) ?? ''}`)
}

/** One line a request. */
export function requestLog(logger: Logger): Middleware {
  return async (ctx, next) => {
    const startedAt = performance.now()
    await next()
    const { requestId, address, refusal } = stateOf(ctx)
    const line = {
      requestId,
      method: ctx.method,
      route: routeOf(ctx),
      status: ctx.status,
      ms: Math.round(performance.now() - startedAt),
      address,
      ...(refusal ? { refusal } : {}),
    }
    logger[ctx.status >= 500 ? 'error' : 'info'](line, 'request')
  }
}
