import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Koa from 'koa'
import { createProviders } from '../../src/provider/provider.ts'

const makeKey = async (kid: string): Promise<JWK> => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' }
}

test('a new instance serves what starts after it was made, with every adjustment; a request under way keeps its own', async (t) => {
  const [first, second] = [await makeKey('first'), await makeKey('second')]
  const adjusted: unknown[] = []
  const providers = createProviders(
    {
      issuer: 'http://localhost',
      configure: (jwks) => ({
        jwks: { keys: [...jwks] as never[] },
        cookies: { keys: ['x'.repeat(32)] },
        features: { devInteractions: { enabled: false } },
      }),
      adjustments: [(provider) => void adjusted.push(provider)],
    },
    [first],
  )
  const app = new Koa()
  app.use(providers.pin)
  app.use(async (ctx, next) => {
    const before = providers.current()
    if (ctx.query.swap) providers.renew([second])
    await next()
    assert.equal(providers.current(), before)
  })
  app.use(providers.serve)
  const server = app.listen(0)
  t.after(() => server.close())
  const kids = async (path: string) => {
    const answer = await fetch(`http://localhost:${(server.address() as AddressInfo).port}${path}`)
    return ((await answer.json()) as { keys: JWK[] }).keys.map(({ kid }) => kid)
  }
  assert.deepEqual(await kids('/jwks'), ['first'])
  assert.deepEqual(await kids('/jwks?swap=1'), ['first'])
  assert.deepEqual(await kids('/jwks'), ['second'])
  assert.equal(new Set(adjusted).size, 2)
  assert.equal(adjusted.at(-1), providers.current())
})
