import type { Context, Middleware } from 'koa'
import { isUnavailable } from '../platform/database/index.ts'
import type { Logger } from '../platform/logger.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Render } from './render.ts'
import { goneCodeOf, originOf, stateOf } from './state.ts'

/** What the boundary needs from outside. */
export interface BoundaryOptions {
  readonly render: Render
  readonly logger: Logger
  /** Every refusal is told to the trail. */
  readonly onRefused: (refusal: Pick<Refusal, 'code'>, origin: { requestId: string; address: string }) => Promise<void>
}

/** Status texts for what Koa and its parsers refuse by themselves. */
const plain: Readonly<Record<number, { code: string; message: string }>> = {
  400: { code: 'request.malformed', message: 'The request could not be understood.' },
  403: { code: 'request.forbidden', message: 'This is not allowed.' },
  404: { code: 'request.not_found', message: 'There is no such page.' },
  405: { code: 'request.method_not_allowed', message: 'This cannot be done here.' },
  413: { code: 'request.too_large', message: 'The request is too large.' },
  415: { code: 'request.media_type', message: 'The request has a form that is not understood here.' },
}

function toRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  const status = (error as { status?: unknown }).status
  if (typeof status !== 'number' || status >= 500 || status < 400) return undefined
  const { code, message } = plain[status] ?? {
    code: 'request.malformed',
    message: 'The request could not be understood.',
  }
  return new Refusal({ code, status, message, cause: error })
}

/** Shows a refusal as a page, or as problem details (RFC 9457) to whoever asks for JSON. */
function presentRefusal(ctx: Context, render: Render, refusal: Refusal): void {
  const { requestId } = stateOf(ctx)
  const { code, status, message, params, retryAfterSeconds } = refusal
  // What the page that was meant to be here needed is not for this one.
  Object.assign(stateOf(ctx), { formActions: [], images: [], framing: undefined })
  stateOf(ctx).refusal = code
  ctx.status = status
  if (retryAfterSeconds) ctx.set('Retry-After', String(retryAfterSeconds))
  if (ctx.accepts('html', 'json') === 'html') {
    render(ctx, 'error', { status, code, message, params, requestId })
    return
  }
  ctx.body = { title: message, status, code, requestId }
  ctx.type = 'application/problem+json'
}

const fault = (cause: unknown) =>
  new Refusal({ code: 'fault', status: 500, message: 'Something went wrong on our side.', cause })

/** About as long as a set takes to choose another primary. */
const RETRY_AFTER_SECONDS = 5

const unavailable = (cause: unknown) =>
  new Refusal({
    code: 'service.unavailable',
    status: 503,
    message: 'This cannot be answered at this moment.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  })

/**
 * The one catch: a refusal becomes a page or problem details; a database that is away is a 503 with Retry-After, and
 * everything else a fault with a reference id. These two stand in the log, and not in the trail, which is in the database.
 */
export function boundary({ render, logger, onRefused }: BoundaryOptions): Middleware {
  const giveUp = (ctx: Context, error: unknown) => {
    const isPassing = isUnavailable(error)
    logger.error({ err: error, requestId: originOf(ctx).requestId }, isPassing ? 'database unavailable' : 'fault')
    presentRefusal(ctx, render, isPassing ? unavailable(error) : fault(error))
  }
  return async (ctx, next) => {
    try {
      await next()
      const code = goneCodeOf(ctx)
      if (code) await onRefused({ code }, originOf(ctx))
      if (ctx.status < 400 || ctx.body) return
      // The router says 501 to methods that it has never heard of; the mistake is the caller's all the same.
      const status = ctx.status === 501 ? 405 : ctx.status
      const refusal = plain[status] ?? { code: 'request.not_found', message: 'There is no such page.' }
      presentRefusal(ctx, render, new Refusal({ ...refusal, status }))
    } catch (error) {
      const refusal = toRefusal(error)
      if (!refusal) return giveUp(ctx, error)
      presentRefusal(ctx, render, refusal)
      await onRefused(refusal, originOf(ctx)).catch((failure: unknown) => giveUp(ctx, failure))
    }
  }
}
