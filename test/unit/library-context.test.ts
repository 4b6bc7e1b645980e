import assert from 'node:assert/strict'
import { test } from 'node:test'
import Koa, { type Context } from 'koa'
import { Provider } from 'oidc-provider'
import { libraryContext } from '../../src/provider/library-context.ts'

/** Carries one request through this middleware, and tells what its context was. */
async function carry(...middleware: Koa.Middleware[]): Promise<Context> {
  const app = new Koa()
  const seen: Context[] = []
  app.use(async (ctx, next) => {
    seen.push(ctx)
    await next()
  })
  for (const one of middleware) app.use(one)
  const server = app.listen(0)
  const { port } = server.address() as { port: number }
  await (await fetch(`http://127.0.0.1:${port}/jwks`)).text()
  server.close()
  return seen[0] as Context
}

test('the library leaves no getter on a context, which would keep it in memory, and yet is known by it', async () => {
  const [handle] = new Provider('http://127.0.0.1').middleware
  assert.ok(handle)
  const ctx = await carry((one, next) => handle(libraryContext(one) as Parameters<typeof handle>[0], next))
  assert.equal(ctx.status, 200)
  assert.equal(ctx.oidc.route, 'jwks')
  assert.equal(ctx.oidc, ctx.oidc)
  assert.equal(Object.getOwnPropertyDescriptor(ctx, 'oidc'), undefined)
  const getters = Object.entries(Object.getOwnPropertyDescriptors(ctx)).filter(([, { get }]) => get)
  assert.deepEqual(getters, [])
})

test('a context that the library was not given knows nothing of it', async () => {
  const ctx = await carry((one) => {
    libraryContext(one)
  })
  assert.equal(ctx.oidc, undefined)
})

test('whatever else is defined on it is defined on the context itself', async () => {
  const ctx = await carry((one) => {
    Object.defineProperty(libraryContext(one), 'other', { value: 1 })
  })
  assert.equal(ctx.other, 1)
})
