import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../src/platform/refusal.ts'
import { hostGuard } from '../../src/web/index.ts'
import { contextOf } from '../support/context.ts'

/** The host that the rest of the program sees, or the code of the refusal. */
async function pass(issuer: string, host: string | undefined): Promise<string | undefined> {
  const ctx = contextOf({ headers: host === undefined ? {} : { host } })
  let isPassed = false
  try {
    await hostGuard(issuer)(ctx, async () => {
      isPassed = true
    })
  } catch (error) {
    assert.ok(error instanceof Refusal)
    assert.equal(isPassed, false)
    assert.equal(error.status, 421)
    return error.code
  }
  return ctx.req.headers.host
}

test('the host of the issuer is served, however it is spelled', async () => {
  for (const host of ['id.example.com', 'ID.Example.COM', 'id.example.com:443'])
    assert.equal(await pass('https://id.example.com', host), 'id.example.com', host)
  assert.equal(await pass('http://localhost:3000', 'localhost:3000'), 'localhost:3000')
  assert.equal(await pass('http://id.example.com', 'id.example.com:80'), 'id.example.com')
  assert.equal(await pass('http://[::1]:3000', '[::1]:3000'), '[::1]:3000')
})

for (const host of [
  undefined,
  '',
  'evil.example',
  'id.example.com.evil.example',
  'evil-id.example.com',
  'id.example.com:80',
  'id.example.com:8443',
  'id.example.com@evil.example',
  'id.example.com, evil.example',
  'id.example.com.',
]) {
  test(`${JSON.stringify(host)} is sent elsewhere`, async () => {
    assert.equal(await pass('https://id.example.com', host), 'request.misdirected')
  })
}

test('nobody makes us believe that we are somebody else', async () => {
  const name = fc.oneof(fc.string(), fc.domain(), fc.webAuthority())
  await fc.assert(
    fc.asyncProperty(name, async (host) => {
      assert.ok(['id.example.com', 'request.misdirected'].includes(String(await pass('https://id.example.com', host))))
    }),
  )
})
