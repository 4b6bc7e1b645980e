import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { json, openCommandLine, secretsOf } from '../support/command-line.ts'
import { createWorld } from '../support/world.ts'

let line: Awaited<ReturnType<typeof openCommandLine>>
before(async () => {
  line = await openCommandLine()
})
after(() => line.database.close())

const run = (...given: Parameters<typeof line.run>) => line.run(...given)
const metadata = {
  client_name: 'Reading Room',
  redirect_uris: ['https://reading.example/callback'],
  token_endpoint_auth_method: 'client_secret_basic',
}
const create = async (changes: object = {}) =>
  json(await run('client create --file - --json', { input: JSON.stringify({ ...metadata, ...changes }) }))

test('a client is changed from a file, and its secret stays', async () => {
  const { client_id } = await create()
  const input = JSON.stringify({
    ...metadata,
    client_name: 'Library',
    post_logout_redirect_uris: ['https://reading.example/'],
  })
  const changed = await run(`client update ${client_id} --file - --json`, { input })
  assert.equal(changed.exitCode, 0, changed.err)
  assert.equal(json(changed).client_secret, undefined)
  const shown = json(await run(`client show ${client_id} --json`))
  assert.deepEqual([shown.client_name, shown.registered_via], ['Library', 'cli'])
  assert.equal(json(await run(`client secret list ${client_id} --json`)).length, 1)
})

test('the clients that a server brings along stay its own when a command is run as if for another one', async (t) => {
  const world = await createWorld()
  t.after(() => world.close())
  const there = {
    env: { MONGODB_URI: world.databaseUri, ISSUER: 'http://localhost:3999', PORT: '3999', ...secretsOf(world) },
  }
  const listed = json(await run('client list --json', there)) as { client_id: string }[]
  assert.deepEqual(listed.map(({ client_id }) => client_id).sort(), ['gatehouse-account', 'playground'])
  const { redirect_uris } = json(await run('client show playground --json', there))
  assert.deepEqual(redirect_uris, [`${world.issuer}/workbench/playground/callback`])
})

test('a change that is refused says why and changes nothing', async () => {
  const { client_id } = await create()
  const bad: [object | string, RegExp][] = [
    ['{', /JSON/],
    [{ ...metadata, redirect_uris: ['http://reading.example/'] }, /redirect_uris must be https/],
    [
      { ...metadata, post_logout_redirect_uris: ['https://reading.example/#x'] },
      /post_logout_redirect_uris .*fragment/,
    ],
    [{ ...metadata, backchannel_logout_uri: 'http://reading.example/' }, /backchannel_logout_uri must be https/],
    [{ ...metadata, nonsense: 1 }, /nonsense/],
  ]
  for (const [change, message] of bad) {
    const input = typeof change === 'string' ? change : JSON.stringify(change)
    const told = await run(`client update ${client_id} --file -`, { input })
    assert.equal(told.exitCode, 1, input)
    assert.match(told.err, message)
  }
  assert.equal(json(await run(`client show ${client_id} --json`)).client_name, 'Reading Room')
  const unknown = await run('client update nobody --file - --json', { input: JSON.stringify(metadata) })
  assert.equal(json(unknown).error.code, 'client.unknown')
})

test('a secret is added, shown once, listed and revoked', async () => {
  const { client_id, client_secret } = await create()
  const added = json(await run(`client secret add ${client_id} --days 30 --json`))
  assert.ok(added.client_secret && added.client_secret !== client_secret)
  assert.ok(Math.abs(new Date(added.expires_at).getTime() - Date.now() - 30 * 86_400_000) < 60_000)
  const listed = await run(`client secret list ${client_id}`)
  assert.match(listed.out, /^SECRET ID +MADE +EXPIRES +LAST USED$/m)
  assert.match(listed.out, new RegExp(`^${added.id} +\\S+ +\\S+ +never$`, 'm'))
  assert.ok(![client_secret, added.client_secret].some((secret) => listed.out.includes(secret)))

  const third = await run(`client secret add ${client_id} --json`)
  assert.deepEqual([third.exitCode, json(third).error.code], [1, 'client.secrets_full'])
  assert.equal((await run(`client secret revoke ${client_id} ${added.id}`)).exitCode, 2)
  assert.equal((await run(`client secret revoke ${client_id} ${added.id} --yes`)).exitCode, 0)
  const [{ id }] = json(await run(`client secret list ${client_id} --json`))
  assert.equal(json(await run(`client secret revoke ${client_id} ${id} --yes --json`)).error.code, 'client.last_secret')
})

test('a client without a need for a secret gets none', async () => {
  const { client_id } = await create({ token_endpoint_auth_method: 'none' })
  assert.equal(json(await run(`client secret add ${client_id} --json`)).error.code, 'client.takes_no_secret')
  assert.match((await run(`client secret list ${client_id}`)).out, /no secret/)
})

test('apps are invited with a token that is shown once, listed and revoked', async () => {
  const made = json(await run('client invite --uses 3 --days 2 --json'))
  assert.equal(made.registration_endpoint, 'http://localhost:3000/reg')
  assert.equal(Buffer.from(made.initial_access_token, 'base64url').length, 32)
  assert.deepEqual([made.uses, made.uses_left], [3, 3])
  assert.match((await run('client invite')).out, /good for +1 registration until/)
  const listed = await run('client invitation list')
  assert.match(listed.out, new RegExp(`^${made.id} +3 of 3 `, 'm'))
  assert.ok(!listed.out.includes(made.initial_access_token))
  assert.equal((await run(`client invitation revoke ${made.id}`)).exitCode, 0)
  assert.ok(!(await run('client invitation list')).out.includes(made.id))
  assert.equal((await run(`client invitation revoke ${made.id}`)).exitCode, 1)
})

test('numbers that make no sense exit with 2', async () => {
  const { client_id } = await create()
  for (const args of [
    'client invite --uses 0',
    'client invite --uses many',
    'client invite --days 1.5',
    'client invite --days 1000',
    `client secret add ${client_id} --days 0`,
    `client secret add ${client_id} --days 99999`,
  ]) {
    assert.equal((await run(args)).exitCode, 2, args)
  }
})

test('nobody is invited where apps cannot register themselves', async () => {
  const told = await run('client invite --json', { env: { GATEHOUSE_REGISTRATION_IS_ENABLED: 'false' } })
  assert.deepEqual([told.exitCode, json(told).error.code], [1, 'client.registration_off'])
})
