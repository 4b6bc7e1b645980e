import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { json, openCommandLine } from '../support/command-line.ts'
import { startMailServer } from '../support/mail-server.ts'
import { scratchFolder } from '../support/scratch.ts'

let line: Awaited<ReturnType<typeof openCommandLine>>
before(async () => {
  line = await openCommandLine()
})
after(() => line.database.close())

const run = (...given: Parameters<typeof line.run>) => line.run(...given)

test('an account is made with a password from standard input, and shown', async () => {
  const made = await run(
    'account create --email Ada@Example.com --role admin --role moderator --password-stdin --json',
    {
      input: 'Correct horse 4 batteries\n',
    },
  )
  assert.equal(made.exitCode, 0, made.err)
  const shown = await run('account show ada@example.com --json')
  const { email, roles, status, id } = json(shown)
  assert.deepEqual(
    { email, roles, status },
    { email: 'Ada@Example.com', roles: ['admin', 'moderator'], status: 'active' },
  )
  assert.equal(json(made).id, id)
  assert.doesNotMatch(shown.out, /argon2|hash/)
  const text = await run('account show ada@example.com')
  assert.match(text.out, /^roles +admin, moderator$/m)
})

test('without a password there is a one-time link', async () => {
  const made = await run('account create --email link@example.com --name Link --link --json')
  assert.match(json(made).link, /^http:\/\/localhost:3000\/welcome\/[\w-]{43}$/)
  const again = await run('account link link@example.com')
  assert.match(again.out, /\/welcome\/[\w-]{43}$/)
})

test('an account is written to in the language that is said, or in the one of the configuration', async () => {
  const localeOf = async (args: string, env = {}) =>
    json(await run(`account create ${args} --link --json`, { env })).locale
  assert.equal(await localeOf('--email deutsch@example.com --language de'), 'de')
  assert.equal(await localeOf('--email english@example.com'), 'en')
  const env = { GATEHOUSE_BRAND_DEFAULT_LANGUAGE: 'de' }
  assert.equal(await localeOf('--email default@example.com', env), 'de')
  const unknown = await run('account create --email klingon@example.com --language tlh')
  assert.equal(unknown.exitCode, 2)
})

test('roles are shown, made, given and taken away', async (t) => {
  assert.match((await run('role list')).out, /^moderator +Keeps order among posts$/m)
  assert.match((await run('role show user')).out, /^https:\/\/demo-api\.example +read:posts write:posts$/m)
  const role = { name: 'editor', title: 'Edits', permissions: [{ api: 'https://demo-api.example', names: ['*'] }] }
  const folder = scratchFolder(t, { 'role.json': JSON.stringify(role) })
  assert.deepEqual(json(await run(`role create --file ${join(folder, 'role.json')} --json`)), role)

  await run('account create --email roles@example.com --link')
  assert.deepEqual(json(await run('account role add roles@example.com editor --json')).roles, ['editor'])
  assert.deepEqual(json(await run('account role remove roles@example.com editor --json')).roles, [])
  const unknown = await run('account role add roles@example.com emperor')
  assert.deepEqual([unknown.exitCode, unknown.err.includes('There is no role emperor.')], [1, true])
})

test('APIs are registered, changed and shown', async () => {
  const input = JSON.stringify({
    identifier: 'https://orders.example',
    name: 'Orders',
    permissions: [{ name: 'read:orders', title: 'See orders' }],
  })
  assert.equal((await run('api create --file -', { input })).exitCode, 0)
  const changed = JSON.stringify({
    ...JSON.parse(input),
    accessTokenSeconds: 60,
    resourceServers: ['orders'],
    isRestricted: true,
  })
  assert.equal((await run('api update --file -', { input: changed })).exitCode, 0)
  assert.deepEqual(json(await run('api show https://orders.example --json')), JSON.parse(changed))
  assert.match((await run('api list')).out, /^https:\/\/orders\.example +Orders$/m)
  const wrong = await run('api create --file -', { input: '{"identifier":"orders"}' })
  assert.deepEqual([wrong.exitCode, /must be an absolute URI/.test(wrong.err)], [1, true])
})

test('an organization has members with roles of their own', async () => {
  const made = json(await run('organization create Acme --json'))
  await run('account create --email member@example.com --link')
  const added = await run(`organization member add ${made.id} member@example.com --role moderator`)
  assert.match(added.out, /^member@example\.com belongs to .* as moderator\.$/)
  const [member] = json(await run(`organization show ${made.id} --json`)).members
  assert.deepEqual([member.email, member.roles], ['member@example.com', ['moderator']])
  assert.match((await run(`organization show ${made.id}`)).out, /^member@example\.com +moderator$/m)
  assert.match((await run('organization list')).out, new RegExp(`^${made.id} +Acme$`, 'm'))
  const stricter = json(await run(`organization update ${made.id} --second-factor required --json`))
  assert.deepEqual([made.needsSecondFactor, stricter.needsSecondFactor], [false, true])
  assert.match((await run(`organization show ${made.id}`)).out, /^second factor +required$/m)
  assert.notEqual((await run(`organization update ${made.id} --second-factor sometimes`)).exitCode, 0)
  assert.equal((await run(`organization member remove ${made.id} member@example.com`)).exitCode, 0)
  assert.equal((await run(`organization member remove ${made.id} member@example.com`)).exitCode, 1)
})

test('an organization names a provider for its domains, one that is switched on', async () => {
  const { id } = json(await run('organization create Beta --json'))
  const off = await run(`organization provider set ${id} google --domain beta.example`)
  assert.deepEqual([off.exitCode, /There is no provider google/.test(off.err)], [1, true])
  const env = { GATEHOUSE_UPSTREAM_GOOGLE_CLIENT_ID: 'x', GATEHOUSE_UPSTREAM_GOOGLE_CLIENT_SECRET: 'y' }
  const words = `organization provider set ${id} google --domain beta.example --domain b.example --json`
  const { provider, domains } = json(await run(words, { env }))
  assert.deepEqual([provider, domains], ['google', ['beta.example', 'b.example']])
  assert.match((await run(`organization show ${id}`)).out, /^domains +beta\.example, b\.example$/m)
  const removed = json(await run(`organization provider remove ${id} --json`))
  assert.deepEqual([removed.provider, removed.domains], [undefined, []])
})

test('an account is suspended and let in again', async () => {
  await run('account create --email state@example.com --link')
  assert.equal(json(await run('account suspend state@example.com --json')).status, 'suspended')
  assert.equal(json(await run('account reactivate state@example.com --json')).status, 'active')
})

test('what is refused exits with 1 and says why', async () => {
  await run('account create --email twice@example.com --link')
  const refusals: [string, string, RegExp][] = [
    ['account create --email twice@example.com --link', 'account.exists', /twice@example\.com|already/i],
    ['account create --email nonsense --link', 'account.identifier_invalid', /e-mail/i],
    [
      'account create --email r@example.com --role emperor --link',
      'role.unknown',
      /no role emperor\. There are: admin,/,
    ],
    ['account show nobody@example.com', 'account.unknown', /nobody@example\.com/],
    ['account suspend nobody@example.com', 'account.unknown', /nobody/],
    ['client show nothing', 'client.unknown', /nothing/],
    ['client delete nothing --yes', 'client.unknown', /nothing/],
    ['client create --file /nowhere.json', 'file.unreadable', /nowhere\.json/],
  ]
  for (const [args, code, message] of refusals) {
    const told = await run(args)
    assert.equal(told.exitCode, 1, args)
    assert.match(told.err, message, args)
    assert.equal(told.out, '', args)
    assert.equal(json(await run(`${args} --json`)).error.code, code, args)
  }
  assert.equal((await run('account show r@example.com')).exitCode, 1)
})

test('a password that cannot be used leaves no account behind', async () => {
  const refused = await run('account create --email weak@example.com --password-stdin', { input: 'short\n' })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.err, /12/)
  assert.equal((await run('account show weak@example.com')).exitCode, 1)
})

test('what is not understood exits with 2 and points to the help', async () => {
  for (const args of [
    'nonsense',
    'account nonsense',
    'account create',
    'account create --email a@example.com --nonsense',
    'account create --email a@example.com --link --password-stdin',
    'client delete playground',
  ]) {
    assert.equal((await run(args)).exitCode, 2, args)
  }
  assert.match((await run('account create')).err, /--email.*[\s\S]*--help/)
})

test('help leaves nothing open and exits with 0', async () => {
  for (const args of ['--help', 'account --help', 'account create --help', 'client create --help', 'help account']) {
    const told = await run(args)
    assert.equal(told.exitCode, 0, args)
    assert.match(told.out, /Usage: gatehouse/, args)
  }
})

const metadata = {
  client_name: 'Reading Room',
  redirect_uris: ['https://reading.example/callback'],
  token_endpoint_auth_method: 'client_secret_basic',
}

test('a client is registered from a file, its secret shown this once', async (t) => {
  const folder = scratchFolder(t)
  const file = join(folder, 'app.json')
  writeFileSync(file, `\uFEFF${JSON.stringify(metadata)}`)
  const made = json(await run(`client create --file ${file} --json`))
  assert.ok(Buffer.from(made.client_secret, 'base64url').length >= 32)
  const shown = await run(`client show ${made.client_id} --json`)
  assert.equal(json(shown).client_name, 'Reading Room')
  assert.ok(!shown.out.includes(made.client_secret))
  assert.match((await run('client list')).out, new RegExp(`^${made.client_id} +Reading Room`, 'm'))
  assert.equal((await run(`client delete ${made.client_id} --yes`)).exitCode, 0)
  assert.equal((await run(`client show ${made.client_id}`)).exitCode, 1)
})

test('metadata that the provider refuses registers nothing', async () => {
  const before = json(await run('client list --json')).length
  const bad: [unknown, RegExp][] = [
    ['{', /JSON/],
    ['[]', /object/],
    [{ ...metadata, redirect_uris: undefined }, /redirect_uris/],
    [{ ...metadata, redirect_uris: ['javascript:alert(1)'] }, /redirect_uris/],
    [{ ...metadata, redirect_uris: ['https://reading.example/#fragment'] }, /redirect_uris/],
    [{ ...metadata, grant_types: ['password'] }, /grant_types/],
    [{ ...metadata, nonsense: true }, /nonsense/],
    [{ ...metadata, client_secret: 'mine' }, /client_secret/],
  ]
  for (const [input, message] of bad) {
    const text = typeof input === 'string' ? input : JSON.stringify(input)
    const told = await run('client create --file -', { input: text })
    assert.equal(told.exitCode, 1, text)
    assert.match(told.err, message, text)
  }
  assert.equal(json(await run('client list --json')).length, before)
})

test('the configuration is checked and shown with its secrets masked', async () => {
  assert.equal((await run('config check')).exitCode, 0)
  const secret = 'a'.repeat(43)
  const shown = await run('config show', { env: { GATEHOUSE_SECRETS_COOKIE_KEYS: secret } })
  assert.equal(shown.exitCode, 0)
  assert.ok(!shown.out.includes(secret))
  assert.ok(!shown.out.includes(line.database.uri))
  assert.match(shown.out, /GATEHOUSE_SECRETS_COOKIE_KEYS +\S+/)
})

test('a configuration that cannot be used exits with 3 and names every problem', async () => {
  const told = await run('config check', { env: { PORT: 'many', GATEHOUSE_NONSENSE: '1', NODE_ENV: 'production' } })
  assert.equal(told.exitCode, 3)
  for (const name of ['PORT', 'GATEHOUSE_NONSENSE', 'ISSUER']) assert.match(told.err, new RegExp(name))
  const unreachable = await run('client list', { env: { MONGODB_URI: 'mongodb://u:secret@h@x' } })
  assert.equal(unreachable.exitCode, 3)
  assert.doesNotMatch(unreachable.err, /secret/)
})

test('a test mail is sent, and what keeps it from being sent is said', async (t) => {
  const kept = await run('mail test --to ada@example.com')
  assert.equal(kept.exitCode, 0, kept.err)
  assert.match(kept.out, /inbox/)
  const server = await startMailServer(t)
  const smtp = {
    GATEHOUSE_MAIL_FROM: 'no-reply@id.example',
    GATEHOUSE_MAIL_SMTP_URL: `smtp://localhost:${server.port}`,
    GATEHOUSE_MAIL_SMTP_TLS: 'off',
  }
  const sent = await run('mail test --to ada@example.com --language de --json', { env: smtp })
  assert.deepEqual(json(sent), { to: 'ada@example.com', via: 'smtp' })
  assert.match(server.taken[0]?.source ?? '', /^Subject: Ein Test von Gatehouse/m)
  server.manners.recipient = 550
  const refused = await run('mail test --to ada@example.com', { env: smtp })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.err, /550[\s\S]*not today/)
  const absent = await run('mail test --to ada@example.com', {
    env: { ...smtp, GATEHOUSE_MAIL_SMTP_URL: 'smtp://localhost:1' },
  })
  assert.equal(absent.exitCode, 1)
  assert.match(absent.err, /cannot be reached|nothing answers/)
  const production = {
    NODE_ENV: 'production',
    MONGODB_URI: line.database.uri.replace(/\/test_\w+/, (name) => `${name}_production`),
    ISSUER: 'https://id.example',
    GATEHOUSE_SECRETS_COOKIE_KEYS: `${'a'.repeat(43)},${'b'.repeat(43)}`,
    GATEHOUSE_SECRETS_SEALING_KEYS: 'c'.repeat(43),
    GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_MEMORY_KIB: '47104',
  }
  const none = await run('mail test --to ada@example.com', { env: production })
  assert.equal(none.exitCode, 1)
  assert.match(none.err, /mail\.smtp\.url/)
  const { connection } = line.database
  await connection.useDb(`${connection.name}_production`).dropDatabase()
})

test('somebody is invited, listed and uninvited', async () => {
  const open = { env: { GATEHOUSE_ACCOUNTS_REGISTRATION: 'invited' } }
  const invited = json(await run('account invite guest@example.com --role support --json', open))
  assert.deepEqual([invited.email, invited.roles], ['guest@example.com', ['support']])
  assert.match((await run('account invitations', open)).out, /^guest@example\.com .* support$/m)
  assert.equal((await run('account uninvite guest@example.com', open)).exitCode, 0)
  assert.equal((await run('account uninvite guest@example.com', open)).exitCode, 1)
  const closed = await run('account invite guest@example.com --json')
  assert.equal(json(closed).error.code, 'registration.closed')
})

test('health says that nothing runs', async () => {
  const told = await run('health', { env: { PORT: '1' } })
  assert.equal(told.exitCode, 1)
  assert.match(told.err, /port 1/)
})

test('it runs as the npm script that the help names', async () => {
  const { client_id: made } = json(await run('client create --file - --json', { input: JSON.stringify(metadata) }))
  const { stdout } = await promisify(execFile)('npm', ['run', '-s', 'gatehouse', '--', 'client', 'list', '--json'], {
    env: { ...env, ...line.settings },
  })
  assert.ok(JSON.parse(stdout).some(({ client_id }: { client_id: string }) => client_id === made))
})

test('signing keys are listed with what becomes of them, and rotated', async () => {
  const before = json(await run('keys list --json')).signing_keys
  assert.deepEqual(
    before.map(({ alg, state }: { alg: string; state: string }) => `${alg} ${state}`),
    ['ES256 current', 'RS256 current'],
  )
  assert.match(
    (await run('keys list')).out,
    /^ES256 +current +[\w-]{43} +is followed at \d{4}-\d\d-\d\d \d\d:\d\d UTC$/m,
  )
  const states = async (args: string) =>
    json(await run(args)).signing_keys.map(({ alg, state }: { alg: string; state: string }) => `${alg} ${state}`)
  assert.deepEqual(await states('keys rotate --json'), ['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next'])
  assert.deepEqual(await states('keys rotate --alg RS256 --now --json'), [
    'ES256 current',
    'ES256 next',
    'RS256 previous',
    'RS256 current',
  ])
  const unknown = await run('keys rotate --alg HS256')
  assert.equal(unknown.exitCode, 1)
  assert.match(unknown.err, /HS256/)
})

test('a signing key is revoked only when it is really meant', async () => {
  const kids = async () =>
    json(await run('keys list --json')).signing_keys.map(({ kid }: { kid: string }) => kid) as string[]
  const [stolen = ''] = await kids()
  assert.equal((await run(`keys revoke ${stolen}`)).exitCode, 2)
  assert.ok((await kids()).includes(stolen))
  const done = await run(`keys revoke ${stolen} --yes`)
  assert.equal(done.exitCode, 0)
  assert.ok(!(await kids()).includes(stolen))
  const unknown = await run(`keys revoke ${stolen} --yes`)
  assert.equal(unknown.exitCode, 1)
  assert.match(unknown.err, /There is no signing key/)
})
