import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as oidc from 'openid-client'
import { RelyingParty } from '../support/relying-party.ts'
import { SeenSecrets } from '../support/secrets.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_LOG_LEVEL: 'trace' } })
  await world.addAccount('ada@example.com')
})
after(() => world.close())

/** Everything secret that a whole road shows to somebody. */
async function walk(): Promise<SeenSecrets> {
  const seen = new SeenSecrets()
  const keep = seen.keep.bind(seen)
  keep('password', PASSWORD)
  const link = await world.signIn.invitations.issueFirstAdministrator()
  keep('one-time link', link)
  const rp = await RelyingParty.create(world, { token_endpoint_auth_method: 'client_secret_basic' })
  const secret = rp.configuration.clientMetadata().client_secret
  keep('client secret', typeof secret === 'string' ? secret : undefined)
  await rp.browser.open(`/welcome/${link}`)

  const started = await rp.start({ scope: 'openid email offline_access', prompt: 'consent' })
  const asked = await rp.browser.press(await rp.browser.open(started.url), 'continue', {
    identifier: 'ada@example.com',
  })
  keep('form token', asked.forms[0]?.fields.csrf)
  await rp.browser.press(asked, 'sign-in', { password: 'a wrong password, typed' })
  keep('wrong password', 'a wrong password, typed')
  const page = await rp.consent(await rp.browser.press(asked, 'sign-in', { password: PASSWORD }))
  keep('code', new URL(page.location ?? '').searchParams.get('code') ?? undefined)
  keep('verifier', started.verifier)
  const tokens = await rp.redeem(page, started)
  const refreshed = await oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? '')
  for (const set of [tokens, refreshed]) {
    keep('access token', set.access_token)
    keep('refresh token', set.refresh_token)
    keep('ID token', set.id_token)
  }
  await oidc.fetchUserInfo(rp.configuration, tokens.access_token, tokens.claims()?.sub ?? '')
  await oidc.tokenIntrospection(rp.configuration, tokens.access_token)
  await fetch(`${world.issuer}/me?access_token=${tokens.access_token}`)
  await oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? '').catch(() => {})

  const pushed = await fetch(`${world.issuer}/request`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${rp.clientId}:${secret}`)}` },
    body: new URL(started.url).searchParams,
  })
  const { request_uri } = (await pushed.json()) as { request_uri: string }
  keep('pushed request', request_uri.split(':').at(-1))
  await rp.browser.get(`/auth?client_id=${rp.clientId}&request_uri=${encodeURIComponent(request_uri)}`)
  keep('cookie', ...rp.browser.seen)
  return seen
}

test('neither the log nor a stolen database shows a secret that somebody was given', async () => {
  const seen = await walk()
  assert.ok(seen.kinds.size >= 10, [...seen.kinds].join(', '))
  const { connection, log } = world
  assert.deepEqual(await seen.findIn({ connection, log: log.join('') }), [])
})

test('every request is one line with its request id, and the page of an error shows the same', async () => {
  const before = world.log.length
  const answer = await fetch(`${world.issuer}/no-such-page?token=hidden`, { headers: { accept: 'text/html' } })
  const text = await answer.text()
  const lines = world.log.slice(before).map((line) => JSON.parse(line))
  assert.equal(lines.length, 1)
  const [line] = lines
  assert.ok(text.includes(line.requestId))
  assert.doesNotMatch(JSON.stringify(line), /hidden/)
})
