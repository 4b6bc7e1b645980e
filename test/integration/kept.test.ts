import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import * as oidc from 'openid-client'
import type { Page } from '../support/browser.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

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

/** An answer that is a fault and gives away nothing: no cookie, no address to go on to. */
function assertPromisesNothing({ status, location, headers }: Page) {
  assert.equal(status, 500)
  assert.equal(location, undefined)
  assert.deepEqual(headers.getSetCookie(), [])
}

const isSignedIn = async (rp: RelyingParty) => {
  const page = await rp.browser.open((await rp.start()).url)
  return page.heading !== 'Sign in'
}

const TOKEN_KINDS = ['AccessToken', 'RefreshToken'] as const

for (const kind of TOKEN_KINDS) {
  test(`an answer whose tokens could not be kept is a fault, and holds none of them: ${kind}`, async () => {
    const rp = await RelyingParty.create(world, { first_party: true })
    const started = await rp.start()
    const page = await rp.signIn(await rp.browser.open(started.url), 'ada@example.com')
    await refuseToKeep(kind, async () => {
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

  test(`a refresh whose tokens could not be kept is a fault, and can be tried again: ${kind}`, async () => {
    const rp = await RelyingParty.create(world, { first_party: true })
    const { refresh_token = '' } = await rp.run('ada@example.com')
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id: rp.clientId })
    await refuseToKeep(kind, async () => {
      const answer = await fetch(`${world.issuer}/token`, { method: 'POST', body })
      assert.equal(answer.status, 500)
      assert.doesNotMatch(await answer.text(), /token"/)
    })
    assert.ok((await oidc.refreshTokenGrant(rp.configuration, refresh_token)).refresh_token)
  })
}

test('a token of an app itself, and a pushed request, are not handed out unless they are kept', async () => {
  const { client_id, client_secret = '' } = await world.addClient(program)
  const ask = (path: string, parameters: Record<string, string>) =>
    fetch(`${world.issuer}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
      body: new URLSearchParams(parameters),
    })
  const pushed = {
    client_id,
    response_type: 'code',
    redirect_uri: 'https://rp.example/callback',
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  }
  for (const [kind, path, parameters, given] of [
    ['ClientCredentials', '/token', { grant_type: 'client_credentials' }, /access_token"/],
    ['PushedAuthorizationRequest', '/request', pushed, /request_uri"/],
  ] as const) {
    await refuseToKeep(kind, async () => {
      const answer = await ask(path, parameters)
      assert.equal(answer.status, 500, kind)
      assert.doesNotMatch(await answer.text(), given)
    })
    assert.match(await (await ask(path, parameters)).text(), given)
  }
})

test('a code that could not be kept is not promised by a redirect', async () => {
  const rp = await RelyingParty.create(world, { first_party: true })
  await rp.run('ada@example.com')
  await refuseToKeep('AuthorizationCode', async () => {
    assertPromisesNothing(await rp.browser.get((await rp.start()).url))
  })
  assert.ok(answerOf(await rp.browser.open((await rp.start()).url)).code)
})

test('a sign-in that cannot be begun leads nowhere', async () => {
  const rp = await RelyingParty.create(world)
  await refuseToKeep('Interaction', async () => {
    assertPromisesNothing(await rp.browser.get((await rp.start()).url))
  })
})

for (const kind of ['Session', 'Grant']) {
  test(`a sign-in that could not be kept gives neither cookie nor code, and nobody is signed in: ${kind}`, async () => {
    const rp = await RelyingParty.create(world, { first_party: true })
    const page = await rp.browser.open((await rp.start()).url)
    const asked = await rp.browser.press(page, 'continue', { identifier: 'ada@example.com' })
    const resumed = await rp.browser.send(asked, 'sign-in', { password: PASSWORD })
    assert.ok(resumed.location)
    await refuseToKeep(kind, async () => assertPromisesNothing(await rp.browser.follow(resumed)))
    assert.equal(await isSignedIn(rp), false)
  })

  test(`an app that could not be kept with a session gets no code, and the session stays as it was: ${kind}`, async () => {
    const rp = await RelyingParty.create(world, { first_party: true })
    await rp.run('ada@example.com')
    const second = await RelyingParty.create(world, { first_party: true })
    second.browser = rp.browser
    await refuseToKeep(kind, async () => {
      assertPromisesNothing(await rp.browser.get((await second.start()).url))
    })
    assert.ok(answerOf(await rp.browser.open((await rp.start()).url)).code)
    assert.ok(answerOf(await rp.browser.open((await second.start()).url)).code)
  })
}

test('a session whose new id could not be kept stays good under its old one', async () => {
  const rp = await RelyingParty.create(world, { first_party: true })
  await rp.run('ada@example.com')
  const page = await rp.browser.open((await rp.start({ prompt: 'login' })).url)
  const resumed = await rp.browser.send(page, 'sign-in', { password: PASSWORD })
  await refuseToKeep('Session', async () => assertPromisesNothing(await rp.browser.follow(resumed)))
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
  const deadline = Date.now() + 30_000
  while (!(await isRefused())) {
    assert.ok(Date.now() < deadline, 'the client is still known')
    await wait(20)
  }
})

test('a request with nothing to keep leaves nothing behind', async () => {
  // Not how many: what has expired may be swept away meanwhile.
  const ids = async () => (await artifacts().find().toArray()).map(({ _id }) => _id)
  const before = new Set(await ids())
  await fetch(`${world.issuer}/.well-known/openid-configuration`)
  await fetch(`${world.issuer}/jwks`)
  assert.deepEqual(
    (await ids()).filter((id) => !before.has(id)),
    [],
  )
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
