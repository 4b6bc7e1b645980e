import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import Router from '@koa/router'
import type { Context } from 'koa'

/** Style sheets, scripts and pictures, under addresses that change with their content. */
export interface Assets {
  /** The address of an asset by its name, or what the addresses of a library's files begin with. @throws Error when there is none of that name */
  url(name: string): string
  readonly routes: Router
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

interface Content {
  readonly body: Buffer
  readonly type: string
  readonly etag: string
  /** Big files only: the rest is not worth it, and a proxy may do it anyway. */
  compressed?: Promise<Buffer>
}

/** What is not generated and not in the folder: the files of libraries, by path, which name each other by relative paths. */
export type Libraries = Readonly<Record<string, ReadonlyMap<string, string>>>

const BIG = 64 * 1024
const compress = promisify(gzip)
const hashOf = (...parts: readonly (Buffer | string)[]) =>
  parts
    .reduce((hash, part) => hash.update(part), createHash('sha256'))
    .digest('base64url')
    .slice(0, 12)

/** Answers with it, compressed where that is worth the while and the browser can read it. */
async function send(ctx: Context, content: Content): Promise<void> {
  if (content.body.length < BIG) {
    ctx.body = content.body
    return
  }
  ctx.vary('Accept-Encoding')
  if (ctx.acceptsEncodings('gzip', 'identity') !== 'gzip') {
    ctx.body = content.body
    return
  }
  content.compressed ??= compress(content.body)
  ctx.body = await content.compressed
  ctx.set('Content-Encoding', 'gzip')
}

/** Reads every asset once. Only what was there at the start is ever served, so no path can lead elsewhere. */
export function loadAssets(
  folder: string,
  generated: Readonly<Record<string, string>> = {},
  libraries: Libraries = {},
): Assets {
  const urls = new Map<string, string>()
  const contents = new Map<string, Content>()
  const keep = (url: string, body: Buffer, hash: string) =>
    contents.set(url, { body, type: types[extname(url)] ?? 'application/octet-stream', etag: `W/"${hash}"` })
  const add = (name: string, body: Buffer) => {
    const extension = extname(name)
    const hash = hashOf(body)
    const url = `/assets/${name.slice(0, -extension.length)}.${hash}${extension}`
    urls.set(name, url)
    keep(url, body, hash)
  }
  const addLibrary = (name: string, files: ReadonlyMap<string, string>) => {
    const hash = hashOf(...[...files].flat())
    const base = `/assets/${name}.${hash}/`
    urls.set(name, base)
    for (const [path, text] of files) keep(`${base}${path}`, Buffer.from(text), hash)
  }
  for (const name of readdirSync(folder)) add(name, readFileSync(join(folder, name)))
  for (const [name, text] of Object.entries(generated)) add(name, Buffer.from(text))
  for (const [name, files] of Object.entries(libraries)) addLibrary(name, files)

  return {
    url(name) {
      const url = urls.get(name)
      if (!url) throw new Error(`there is no asset ${name}`)
      return url
    },
    routes: new Router().get('/assets/*path', async (ctx) => {
      // As it was asked for: a name that means another one when it is decoded is none of ours.
      const asset = contents.get(ctx.path)
      if (!asset) return
      ctx.status = 200
      ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
      ctx.etag = asset.etag
      ctx.type = asset.type
      if (ctx.fresh) ctx.status = 304
      else await send(ctx, asset)
    }),
  }
}
