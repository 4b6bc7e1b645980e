import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Eta } from 'eta'
import { mongo } from 'mongoose'
import * as oidc from 'openid-client'
import { keepConfigured } from '../support/collecting.ts'
import { openTestDatabase } from '../support/database.ts'
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
  seen.expect([
    'password',
    'one-time link',
    'client secret',
    'form token',
    'wrong password',
    'code',
    'verifier',
    'access token',
    'refresh token',
    'ID token',
    'pushed request',
    'cookie',
  ])
  keepConfigured(seen, world.config)
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

/** What is long enough to be searched in: it holds nothing. */
const PADDING = '{"level":30,"msg":"request"}\n'.repeat(100)

/** Secrets as they look here, and one that is written differently in every format. */
const SAMPLES = {
  token: '9Zb_u-x3bK5mQxkW0Tn1c7pZ2yq4Lr8sVdEfGhIjKlM',
  password: 'Ünter "horse" & 7\\carts <wet> %\'',
  'TOTP key': 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  'session id': '6f1c0e9b7a5d43289f00b1c2d3e4f5a6',
}
const JWT = `eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.${SAMPLES.token}`
const CODE = '407185'

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** How one might write a secret down without noticing. */
const MANNERS: Readonly<Record<string, (secret: string) => unknown>> = {
  'as it is': (secret) => secret,
  'within a text': (secret) => `was given ${secret}, twice`,
  'as JSON': (secret) => JSON.stringify({ deep: [{ secret }] }),
  'as JSON within JSON': (secret) => JSON.stringify({ body: JSON.stringify({ secret }) }),
  'in an address': (secret) => `/x?secret=${encodeURIComponent(secret)}`,
  'in an address within an address': (secret) => `/y?to=${encodeURIComponent(`/x?s=${encodeURIComponent(secret)}`)}`,
  'in a form': (secret) => String(new URLSearchParams({ a: 'b', secret })),
  'in HTML': (secret) => new Eta({ autoEscape: true }).renderString('<p title="<%= it.secret %>">', { secret }),
  'in hexadecimal': (secret) => Buffer.from(secret).toString('hex'),
  'in capital hexadecimal': (secret) => `0x${Buffer.from(secret).toString('hex').toUpperCase()}`,
  'in base64': base64,
  'in base64url': (secret) => Buffer.from(secret).toString('base64url'),
  'in base64 after one character': (secret) => base64(`:${secret}@`),
  'in base64 after two': (secret) => `Basic ${base64(`a:${secret}`)}`,
}

test('a secret is found in the log in whichever way it is written there', async (t) => {
  const database = await openTestDatabase()
  t.after(() => database.close())
  const { connection } = database
  const seen = new SeenSecrets()
  for (const [kind, secret] of Object.entries(SAMPLES)) seen.keep(kind, secret)
  await connection.collection('pads').insertOne({ text: PADDING })
  for (const [manner, write] of Object.entries(MANNERS)) {
    for (const [kind, secret] of Object.entries(SAMPLES)) {
      const log = PADDING + write(secret) + PADDING
      assert.deepEqual(await seen.findIn({ log, connection }), [`${kind} in the log`], `${kind} ${manner}`)
    }
  }
  const log = PADDING + Buffer.from(SAMPLES.token, 'base64url').toString('hex') + PADDING
  assert.deepEqual(await seen.findIn({ log, connection }), ['token in the log'])
  assert.deepEqual(await seen.findIn({ log: PADDING, connection }), [])
})

test('a secret is found in the database in whichever way it is stored, and after it was deleted', async (t) => {
  const database = await openTestDatabase()
  t.after(() => database.close())
  const { connection } = database
  const seen = new SeenSecrets()
  seen.keep('code', CODE)
  for (const [kind, secret] of Object.entries(SAMPLES)) seen.keep(kind, secret)
  await connection.collection('pads').insertOne({ text: PADDING })
  const { token, password, 'TOTP key': key, 'session id': session } = SAMPLES
  const stored: readonly (readonly [string, unknown])[] = [
    ['token', token],
    ['password', { deep: [`was given ${password}, twice`] }],
    ['password', Buffer.from(password)],
    ['password', Buffer.from(`\x01${password}`)],
    ['token', Buffer.from(token, 'base64url')],
    ['session id', Buffer.from(session, 'hex')],
    ['session id', new mongo.UUID(session)],
    ['TOTP key', Buffer.from('48656c6c6f21deadbeef48656c6c6f21deadbeef', 'hex')],
    ['TOTP key', { deep: [{ [key]: 1 }] }],
    ['code', CODE],
    ['code', Number(CODE)],
    ['code', `Your code is ${CODE}.`],
    ['code', { deep: [Buffer.from(CODE)] }],
  ]
  const expected = ['token in together']
  // Several writes are one entry of the server's record then.
  const together = connection.collection('together')
  await connection.transaction(async (session) => {
    await together.insertMany([{ text: PADDING }, { text: token }], { session })
    await together.deleteMany({}, { session })
  })
  for (const [at, [kind, value]] of stored.entries()) {
    const places = connection.collection<{ _id: number; value?: unknown }>(`place_${at}`)
    await places.insertOne({ _id: 1 })
    await places.updateOne({ _id: 1 }, { $set: { value } })
    await places.deleteOne({ _id: 1 })
    expected.push(`${kind} in place_${at}`)
  }
  assert.deepEqual((await seen.findIn({ log: PADDING, connection })).sort(), expected.sort())
})

test('of a JWT its signature is looked for, and a short code as a word of its own only', async (t) => {
  const database = await openTestDatabase()
  t.after(() => database.close())
  const { connection } = database
  const seen = new SeenSecrets()
  seen.keep('ID token', JWT)
  seen.keep('code', CODE)
  const places = connection.collection('pads')
  await places.insertMany([
    { text: PADDING },
    { text: `1${CODE}`, number: Number(`${CODE}8`), other: 'a word, too short' },
  ])
  const findIn = (text: string) => seen.findIn({ log: PADDING + text, connection })
  assert.deepEqual(await findIn(JWT), ['ID token in the log'])
  assert.deepEqual(await findIn(SAMPLES.token), ['ID token in the log'])
  assert.deepEqual(await findIn(JWT.split('.').slice(0, 2).join('.')), [])
  for (const written of [`"${CODE}"`, JSON.stringify(`Your code:\n${CODE}\n`), encodeURIComponent(`code=${CODE}&`)])
    assert.deepEqual(await findIn(written), ['code in the log'], written)
  assert.deepEqual(await findIn(`1${CODE}, ${CODE}x`), [])
})
