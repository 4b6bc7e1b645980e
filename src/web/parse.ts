import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { Refusal } from '../platform/refusal.ts'

const malformed = (message: string, cause?: unknown) =>
  new Refusal({ code: 'request.malformed', status: 400, message, cause })

/** Reads the form of a request into memory, 64 KiB at most. Anything but a form is refused. */
export function formBody(): Middleware {
  const parse = bodyParser({
    enableTypes: ['form'],
    formLimit: '64kb',
    onError: (cause) => {
      throw malformed('The form could not be read.', cause)
    },
  })
  return async (ctx, next) => {
    if (ctx.method !== 'POST') return next()
    if (!ctx.is('urlencoded'))
      throw new Refusal({ code: 'request.media_type', status: 415, message: 'A form is expected here.' })
    return parse(ctx, next)
  }
}

/**
 * The fields of the submitted form, each a string.
 * @throws Refusal `request.malformed` for a field that came twice or has an inner structure
 */
export function readForm(ctx: Context): Record<string, string> {
  const body: unknown = (ctx.request as { body?: unknown }).body ?? {}
  const fields: [string, unknown][] = Object.entries(body as object)
  const odd = fields.find(([, value]) => typeof value !== 'string')
  if (odd) throw malformed(`The field "${odd[0].slice(0, 40)}" was sent more than once.`)
  return Object.fromEntries(fields) as Record<string, string>
}
