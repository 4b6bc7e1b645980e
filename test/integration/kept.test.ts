import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import * as oidc from 'openid-client'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let other: World
before(async () => {
  world = await createWorld()
  other = await createWorld({ beside: world })
  await world.addAccount('ada@example.com')
})
after(async () => {
  await other.close()
  await world.close()
})

const program = {
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'client_credentials'],
}
const artifacts = () => world.connection.collection('artifacts')

/** While this lasts the database keeps no records of this kind. */
async function refuseToKeep(kind: string, work: () => Promise<void>): Promise<void> {
  const set = (validator: object) => world.connection.db?.command({ collMod: 'artifacts', validator })
  await set({ kind: { $ne: kind } })
  try {
    await work()
  } finally {
    await set({})
  }
}

test('an answer whose tokens could not be kept is a fault, and holds none of them', async () => {
  const rp = await RelyingParty.create(world, { first_party: true })
  const started = await rp.start()
  const page = await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')
  await refuseToKeep('AccessToken', async () => {
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: answerOf(page).code ?? '',
      client_id: rp.clientId,
      code_verifier: started.verifier,
      redirect_uri: rp.redirectUri,
    })
    const answer = await fetch(`${world.issuer}/token`, { method: 'POST', body })
    assert.equal(answer.status, 500)
    assert.doesNotMatch(await answer.text(), /token"/)
  })
})

test('a session that could not be kept is not promised by a cookie, nor a code by a redirect', async () => {
  const rp = await RelyingParty.create(world, { first_party: true })
  await rp.run('ada@example.com')
  await refuseToKeep('AuthorizationCode', async () => {
    const page = await rp.browser.get((await rp.start()).url)
    assert.equal(page.status, 500)
    assert.equal(page.location, undefined)
    assert.deepEqual(page.headers.getSetCookie(), [])
  })
  assert.ok(answerOf(await rp.browser.open((await rp.start()).url)).code)
})

test('what another process changes about a client is known here in a moment', async () => {
  const rp = await RelyingParty.create(world, program)
  assert.ok((await oidc.clientCredentialsGrant(rp.configuration)).access_token)
  await other.clients.delete(rp.clientId, 'cli')
  const isRefused = () =>
    oidc.clientCredentialsGrant(rp.configuration).then(
      () => false,
      () => true,
    )
  const deadline = Date.now() + 5000
  while (!(await isRefused())) {
    assert.ok(Date.now() < deadline, 'the client is still known')
    await wait(20)
  }
})

test('a request with nothing to keep leaves nothing behind', async () => {
  const before = await artifacts().countDocuments()
  await fetch(`${world.issuer}/.well-known/openid-configuration`)
  await fetch(`${world.issuer}/jwks`)
  assert.equal(await artifacts().countDocuments(), before)
})

test('whoever empties the records of the protocol signs everybody out, and every client stays registered', async () => {
  const rp = await RelyingParty.create(other)
  const tokens = await rp.run('ada@example.com')
  await artifacts().deleteMany({})
  await assert.rejects(oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? ''), { error: 'invalid_grant' })
  const page = await rp.browser.open((await rp.start()).url)
  assert.equal(page.heading, 'Sign in')
  await rp.run('ada@example.com')
})
