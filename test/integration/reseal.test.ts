import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { env } from 'node:process'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { decodeJwt } from 'jose'
import { runCommandLine } from '../../src/cli/program.ts'
import type { Database } from '../../src/platform/database/index.ts'
import { createSealer } from '../../src/platform/seal.ts'
import { SealingKeysError } from '../../src/sealing-keys.ts'
import { openTestDatabase } from '../support/database.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD } from '../support/world.ts'

const newKey = () => randomBytes(32).toString('base64url')
const idOf = (key: string) => createSealer([key]).keyIds[0] ?? ''

let database: Database & { readonly name: string }
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())

/** The next start may come with other keys. */
async function forgetKeys() {
  for (const name of ['keysets', 'sealing_check']) await database.connection.collection(name).deleteMany({})
}

const settings = (...sealingKeys: string[]) => ({
  NODE_ENV: 'test',
  MONGODB_URI: database.uri,
  DATA_DIR: '.data/test',
  GATEHOUSE_SECRETS_COOKIE_KEYS: 'x'.repeat(32),
  GATEHOUSE_SECRETS_SEALING_KEYS: sealingKeys.join(),
})

async function run(args: string, ...sealingKeys: string[]) {
  const said = { out: [] as string[], err: [] as string[] }
  const exitCode = await runCommandLine(args.split(' '), {
    root: '.',
    env: settings(...sealingKeys),
    readInput: async () => '',
    out: (line) => said.out.push(line),
    err: (line) => said.err.push(line),
  })
  return { exitCode, out: said.out.join('\n'), err: said.err }
}

/** How many values hang on this key, in whichever collection, known to anybody or not. */
async function hangingOn(keyId: string): Promise<string[]> {
  const collections = (await database.connection.db?.collections()) ?? []
  const found = await Promise.all(
    collections.map(async (collection) => {
      const text = JSON.stringify(await collection.find().toArray())
      return text.includes(`v1.${keyId}.`) ? [collection.collectionName] : []
    }),
  )
  return found.flat()
}

interface Listed {
  readonly sealing_keys: {
    id: string
    role: string
    values: number
    collections: Record<string, number>
    needed_until?: string
  }[]
}

test('the sealing key of a used system is changed: old values are read, sealed anew, and nobody notices', async () => {
  const [oldKey, key] = [newKey(), newKey()]
  const open = (...keys: string[]) => createWorld({ env: settings(...keys) })
  const world = await open(oldKey)
  const account = await world.addAccount('ada@example.com')
  const rp = await RelyingParty.create(world)
  const tokens = await rp.run('ada@example.com', { scope: 'openid offline_access', prompt: 'consent' })
  const waiting = await rp.browser.open((await rp.start({ prompt: 'login' })).url)
  assert.equal(waiting.status, 200)
  const link = await world.signIn.invitations.issue('set-password', account)
  await rp.browser.press(await rp.browser.open(`/welcome/${link}`), 'save', { password: PASSWORD })
  await world.close()
  assert.ok((await hangingOn(idOf(oldKey))).length >= 3)

  const listed = JSON.parse((await run('keys list --json', key, oldKey)).out) as Listed
  const role = (id: string) => listed.sealing_keys.find((entry) => entry.id === id)
  assert.equal(role(idOf(key))?.role, 'seals')
  assert.equal(role(idOf(oldKey))?.role, 'opens')
  assert.ok((role(idOf(oldKey))?.values ?? 0) > 3)
  assert.ok((role(idOf(oldKey))?.collections.artifacts ?? 0) > 0)
  assert.equal(role(idOf(oldKey))?.collections.credentials, 1)

  const done = await run('keys reseal --json', key, oldKey)
  assert.equal(done.exitCode, 0, done.out)
  assert.equal(JSON.parse(done.out).resealed, role(idOf(oldKey))?.values)
  assert.match(done.err.at(-1) ?? '', /^(\d+) of \1$/)
  assert.deepEqual(await hangingOn(idOf(oldKey)), [])
  assert.equal(JSON.parse((await run('keys reseal --json', key, oldKey)).out).resealed, 0)

  const renewed = await open(key)
  try {
    assert.equal((await renewed.keys.list()).length, 2)
    const again = await RelyingParty.create(renewed)
    assert.ok((await again.run('ada@example.com')).access_token, 'the password is checked with the new key')
    const answer = await fetch(`${renewed.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token ?? '',
        client_id: rp.clientId,
      }),
    })
    assert.equal(answer.status, 200)
    assert.equal((await renewed.events('sealed_values.resealed')).length, 2)
  } finally {
    await renewed.close()
  }
})

test('an old key is needed for as long as access tokens are out there that were made with it', async (t) => {
  for (const name of ['artifacts', 'sign_in_attempts', 'credentials', 'kept_mail', 'clients'])
    await database.connection.collection(name).deleteMany({})
  await forgetKeys()
  const [oldKey, key] = [newKey(), newKey()]
  const open = (...keys: string[]) => createWorld({ env: settings(...keys) })
  const secret = { token_endpoint_auth_method: 'client_secret_basic' }
  const api = { resource: 'https://demo-api.example' }
  const old = await open(oldKey)
  await old.addAccount('grace@example.com', { roles: ['user'] })
  const party = await RelyingParty.create(old, secret)
  const started = await party.start({ ...api, scope: 'openid read:posts' })
  const page = await party.signIn(await party.browser.open(started.url), 'grace@example.com')
  const { access_token: token } = await party.redeem(page, started, api)
  assert.ok(String(decodeJwt(token).lineage).includes(idOf(oldKey)))
  const longest = (await old.access.apis.list()).map(
    ({ accessTokenSeconds }) => accessTokenSeconds ?? old.config.lifetimes.accessTokenSeconds,
  )
  const seconds = Math.max(...longest, old.config.lifetimes.interactionSeconds)
  await old.close()

  const listed = async (...keys: string[]) => {
    const { sealing_keys } = JSON.parse((await run('keys list --json', ...keys)).out) as Listed
    return sealing_keys.find(({ id }) => id === idOf(oldKey))
  }
  const text = async (...keys: string[]) =>
    (await run('keys list', ...keys)).out.split('\n').find((line) => line.includes(idOf(oldKey)))
  assert.equal((await listed(key, oldKey))?.needed_until, undefined)
  assert.match((await text(key, oldKey)) ?? '', /needed until keys reseal was run$/)
  const before = Date.now()
  assert.match((await run('keys reseal', key, oldKey)).out, /Keep the old keys until \d{4}-/)
  const entry = await listed(key, oldKey)
  const until = Date.parse(entry?.needed_until ?? '')
  assert.equal(entry?.values, 0)
  assert.ok(until >= before + seconds * 1000 && until <= Date.now() + seconds * 1000)
  assert.match((await text(key, oldKey)) ?? '', /needed until \d{4}-/)
  assert.equal((await listed(key))?.role, 'missing', 'it is missed when it was removed too early')
  await run('keys reseal', key, oldKey)
  assert.equal(Date.parse((await listed(key, oldKey))?.needed_until ?? ''), until, 'nothing was sealed anew: no later')

  t.mock.timers.enable({ apis: ['Date'], now: until + 1 })
  assert.match((await text(key, oldKey)) ?? '', /can be removed$/)
  await run('keys list', oldKey, key)
  assert.equal((await listed(key, oldKey))?.needed_until, undefined, 'it was the first again')
})

test('a start with other sealing keys is refused, whatever there is in the database, and leaves nothing behind', async () => {
  await database.connection.collection('keysets').deleteMany({})
  const start = () => createWorld({ env: settings(newKey()) })
  await assert.rejects(start(), SealingKeysError)
  assert.equal(await database.connection.collection('keysets').countDocuments(), 0)
})

test('values that no configured key opens are told of, and left as they are', async () => {
  const [lost, key] = [newKey(), newKey()]
  await database.connection.collection('kept_mail').deleteMany({})
  const sealed = createSealer([lost]).seal('{}', 'kept-mail')
  await database.connection.collection('kept_mail').insertOne({ sealed, sentAt: new Date() })
  await forgetKeys()
  for (const name of ['artifacts', 'sign_in_attempts', 'credentials'])
    await database.connection.collection(name).deleteMany({})
  const listed = JSON.parse((await run('keys list --json', key)).out) as Listed
  assert.equal(listed.sealing_keys.find(({ id }) => id === idOf(lost))?.role, 'missing')
  const refused = await run('keys reseal', key)
  assert.equal(refused.exitCode, 1)
  assert.match(refused.err.at(-1) ?? '', /No configured key opens 1 values/)
  assert.deepEqual(await hangingOn(idOf(lost)), ['kept_mail'])
})

test('a reseal that is killed is begun again where it was', async () => {
  const [oldKey, key] = [newKey(), newKey()]
  const before = createSealer([oldKey])
  const collection = database.connection.collection('kept_mail')
  await collection.deleteMany({})
  await forgetKeys()
  const mails = Array.from({ length: 6_000 }, (_, index) => ({
    sealed: before.seal(`{"subject":"${index}"}`, 'kept-mail'),
    sentAt: new Date(),
  }))
  await collection.insertMany(mails)

  const { PATH = '', HOME = '' } = env
  const child = spawn('node', ['src/cli/main.ts', 'keys', 'reseal'], {
    env: { PATH, HOME, ...settings(key, oldKey) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stderr })) {
    if (/ of 6000$/.test(line)) break
  }
  child.kill('SIGKILL')
  await ended
  const left = await collection.countDocuments({ sealed: { $regex: `^v1\\.${idOf(oldKey)}\\.` } })
  assert.ok(left > 0 && left < 6_000, `${left} are left`)

  const done = await run('keys reseal --json', key, oldKey)
  assert.equal(JSON.parse(done.out).resealed, left)
  assert.deepEqual(await hangingOn(idOf(oldKey)), [])
  const after = createSealer([key])
  const [one] = await collection.find<{ sealed: string }>({}).limit(1).toArray()
  assert.match(after.open(one?.sealed ?? '', 'kept-mail'), /^\{"subject":"\d+"\}$/)
})
