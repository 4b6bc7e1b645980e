import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { Middleware } from 'koa'

/** Style sheets, scripts and pictures, under addresses that change with their content. */
export interface Assets {
  /** The address of an asset by its name. @throws Error when there is none of that name */
  url(name: string): string
  readonly serve: Middleware
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

/** Reads every asset once. Only what was there at the start is ever served, so no path can lead elsewhere. */
export function loadAssets(folder: string, generated: Readonly<Record<string, string>> = {}): Assets {
  const urls = new Map<string, string>()
  const contents = new Map<string, { body: Buffer; type: string; etag: string }>()
  const add = (name: string, body: Buffer) => {
    const extension = extname(name)
    const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12)
    const url = `/assets/${name.slice(0, -extension.length)}.${hash}${extension}`
    urls.set(name, url)
    contents.set(url, { body, type: types[extension] ?? 'application/octet-stream', etag: `"${hash}"` })
  }
  for (const name of readdirSync(folder)) add(name, readFileSync(join(folder, name)))
  for (const [name, text] of Object.entries(generated)) add(name, Buffer.from(text))

  return {
    url(name) {
      const url = urls.get(name)
      if (!url) throw new Error(`there is no asset ${name}`)
      return url
    },
    serve: async (ctx, next) => {
      const asset = ctx.method === 'GET' || ctx.method === 'HEAD' ? contents.get(ctx.path) : undefined
      if (!asset) return next()
      ctx.status = 200
      ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
      ctx.etag = asset.etag
      ctx.type = asset.type
      if (ctx.fresh) ctx.status = 304
      else ctx.body = asset.body
    },
  }
}
