import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { Refusal } from '../platform/refusal.ts'

const malformed = (message: string, cause?: unknown) =>
  new Refusal({ code: 'request.malformed', status: 400, message, cause })

/** A body is read as it comes: unpacking what a stranger packed buys nothing here, and can be made to cost much. */
function refusePacked(ctx: Context): void {
  const encoding = ctx.get('Content-Encoding')
  if (encoding && encoding !== 'identity')
    throw new Refusal({ code: 'request.media_type', status: 415, message: 'The request must not be compressed.' })
}

/** Reads the form of a request into memory, 64 KiB at most. Anything but a form is refused. */
export function formBody(): Middleware {
  // As text: a form here is a flat list of fields, and nothing that parses it further gets to see it.
  const parse = bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['application/x-www-form-urlencoded'] },
    textLimit: '64kb',
  })
  return async (ctx, next) => {
    if (ctx.method !== 'POST') return next()
    if (!ctx.is('application/x-www-form-urlencoded')) {
      throw new Refusal({ code: 'request.media_type', status: 415, message: 'A form is expected here.' })
    }
    refusePacked(ctx)
    return parse(ctx, next)
  }
}

/**
 * The fields of the submitted form, each a string.
 * @throws Refusal `request.malformed` for a field that came twice: which of them counts would be anybody's guess
 */
export function readForm(ctx: Context): Record<string, string> {
  const { body } = ctx.request as { body?: unknown }
  const fields = [...new URLSearchParams(typeof body === 'string' ? body : '')]
  const names = fields.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw malformed(`The field "${twice.slice(0, 40)}" was sent more than once.`)
  return Object.fromEntries(fields)
}

const parseJson = bodyParser({ enableTypes: ['json'], jsonLimit: '64kb' })

/**
 * Reads the JSON object of a request, 64 KiB at most.
 * @throws Refusal `request.media_type`, `request.too_large`, `request.malformed`
 */
export async function readJson(ctx: Context): Promise<Readonly<Record<string, unknown>>> {
  if (!ctx.is('application/json')) {
    throw new Refusal({ code: 'request.media_type', status: 415, message: 'JSON is expected here.' })
  }
  refusePacked(ctx)
  await parseJson(ctx, async () => {}).catch((cause: { status?: unknown }) => {
    if (cause.status === 413)
      throw new Refusal({ code: 'request.too_large', status: 413, message: 'The request is too large.', cause })
    throw malformed('The request is not JSON.', cause)
  })
  const { body } = ctx.request as { body?: unknown }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw malformed('A JSON object is expected here.')
  return { ...body }
}
