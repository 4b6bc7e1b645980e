import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { describeConfig, loadConfig } from '../../src/config/index.ts'
import { createSealer } from '../../src/platform/seal.ts'
import { configDir, problemsOf } from '../support/config-files.ts'
import { scratchFolder } from '../support/scratch.ts'

const COOKIE_KEYS = `${'c'.repeat(32)},${'d'.repeat(32)}`
const SEALING_KEY = Buffer.alloc(32, 7).toString('base64url')
const production = {
  NODE_ENV: 'production',
  ISSUER: 'https://id.example.com',
  MONGODB_URI: 'mongodb://db.example.com/gatehouse?replicaSet=rs0',
  GATEHOUSE_SECRETS_COOKIE_KEYS: COOKIE_KEYS,
  GATEHOUSE_SECRETS_SEALING_KEYS: SEALING_KEY,
}

test('secrets for developing are made once and kept for their owner only', (t) => {
  const dataDir = join(scratchFolder(t), 'deep', 'data')
  const first = loadConfig({ env: { DATA_DIR: dataDir }, configDir }).secrets
  const second = loadConfig({ env: { DATA_DIR: dataDir, NODE_ENV: 'test' }, configDir }).secrets
  assert.deepEqual(second, first)
  assert.equal(statSync(join(dataDir, 'secrets.json')).mode & 0o777, 0o600)
  assert.equal(statSync(dataDir).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(dataDir), ['secrets.json'])
  assert.equal(createSealer(first.sealingKeys).open(createSealer(second.sealingKeys).seal('x', 'y'), 'y'), 'x')
})

test('two machines do not make the same secrets', (t) => {
  const make = () => loadConfig({ env: { DATA_DIR: scratchFolder(t) }, configDir }).secrets.cookieKeys
  assert.notDeepEqual(make(), make())
})

test('processes that start at once end up with the same secrets', async (t) => {
  const dataDir = join(scratchFolder(t), 'data')
  const index = new URL('../../src/config/index.ts', import.meta.url).href
  const script = `import { loadConfig } from ${JSON.stringify(index)}
    const { secrets } = loadConfig({ env: { DATA_DIR: ${JSON.stringify(dataDir)} }, configDir: ${JSON.stringify(configDir)} })
    process.stdout.write(JSON.stringify(secrets))`
  const start = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  const outputs = await Promise.all([start(), start(), start()])
  assert.equal(new Set(outputs.map(({ stdout }) => stdout)).size, 1)
  assert.deepEqual(readdirSync(dataDir), ['secrets.json'])
})

test('kept secrets that cannot be read are never replaced, and not quoted', (t) => {
  const dataDir = scratchFolder(t, { 'secrets.json': '{ "cookieKeys": ["hunter2"' })
  const problems = problemsOf({ env: { DATA_DIR: dataDir }, configDir })
  assert.match(problems.join(), /^DATA_DIR: .*secrets\.json does not hold the secrets/)
  assert.doesNotMatch(problems.join(), /hunter2/)
  assert.match(readFileSync(join(dataDir, 'secrets.json'), 'utf8'), /hunter2/)
})

test('a data folder that cannot be made is a problem with a name', (t) => {
  const file = join(scratchFolder(t, { file: '' }), 'file')
  assert.match(
    problemsOf({ env: { DATA_DIR: join(file, 'data') }, configDir }).join(),
    /^DATA_DIR: cannot keep .*ENOTDIR/,
  )
})

test('a secret can be read from a file that is named', (t) => {
  const folder = scratchFolder(t, { uri: 'mongodb://db.example.com/x\n', keys: COOKIE_KEYS.replace(',', '\n') })
  const env = {
    DATA_DIR: folder,
    MONGODB_URI_FILE: join(folder, 'uri'),
    GATEHOUSE_SECRETS_COOKIE_KEYS_FILE: join(folder, 'keys'),
  }
  const config = loadConfig({ env, configDir })
  assert.equal(config.database.uri, 'mongodb://db.example.com/x')
  assert.deepEqual(config.secrets.cookieKeys, COOKIE_KEYS.split(','))
})

test('a file that cannot be read, a name and a file together, and a file for what is no secret are refused', (t) => {
  const folder = scratchFolder(t, { keys: COOKIE_KEYS })
  const told = (env: Record<string, string>) => problemsOf({ env: { DATA_DIR: folder, ...env }, configDir })
  assert.deepEqual(told({ MONGODB_URI_FILE: join(folder, 'missing') }), [
    'MONGODB_URI_FILE: cannot read the file it names (ENOENT)',
  ])
  assert.deepEqual(
    told({
      GATEHOUSE_SECRETS_COOKIE_KEYS: COOKIE_KEYS,
      GATEHOUSE_SECRETS_COOKIE_KEYS_FILE: join(folder, 'keys'),
    }),
    ['GATEHOUSE_SECRETS_COOKIE_KEYS and GATEHOUSE_SECRETS_COOKIE_KEYS_FILE are both set: use one of them'],
  )
  assert.match(told({ GATEHOUSE_BRAND_NAME_FILE: join(folder, 'keys') }).join(), /there is no such option/)
})

test('a wrong secret from a file is told by the name of the file variable', (t) => {
  const folder = scratchFolder(t, { keys: 'short' })
  assert.deepEqual(
    problemsOf({ env: { DATA_DIR: folder, GATEHOUSE_SECRETS_COOKIE_KEYS_FILE: join(folder, 'keys') }, configDir }),
    ['GATEHOUSE_SECRETS_COOKIE_KEYS_FILE: secrets.cookieKeys.0: must have at least 32 characters'],
  )
})

test('production starts with what it needs, and writes nothing into the data folder', (t) => {
  const dataDir = scratchFolder(t)
  const config = loadConfig({ env: { ...production, DATA_DIR: dataDir }, configDir })
  assert.deepEqual(config.secrets.sealingKeys, [SEALING_KEY])
  assert.deepEqual(readdirSync(dataDir), [])
})

test('production tells everything that it lacks at once', (t) => {
  const env = { NODE_ENV: 'production', DATA_DIR: scratchFolder(t), GATEHOUSE_LOG_LEVEL: 'loud' }
  const problems = problemsOf({ env, configDir })
  assert.deepEqual(
    problems.map((problem) => problem.split(':')[0]),
    ['GATEHOUSE_LOG_LEVEL', 'ISSUER', 'MONGODB_URI', 'GATEHOUSE_SECRETS_COOKIE_KEYS', 'GATEHOUSE_SECRETS_SEALING_KEYS'],
  )
})

test('each rule for production refuses by itself', (t) => {
  const dataDir = scratchFolder(t)
  const made = loadConfig({ env: { DATA_DIR: dataDir }, configDir }).secrets
  const told = (env: Record<string, string>) =>
    problemsOf({ env: { ...production, DATA_DIR: dataDir, ...env }, configDir }).join('\n')
  assert.equal(told({}), '')
  assert.match(told({ ISSUER: 'http://id.example.com' }), /^ISSUER: must be an https address/)
  assert.match(
    told({ GATEHOUSE_SECRETS_COOKIE_KEYS: 'c'.repeat(32) }),
    /^GATEHOUSE_SECRETS_COOKIE_KEYS: .*two different/,
  )
  assert.match(
    told({ GATEHOUSE_SECRETS_COOKIE_KEYS: `${'c'.repeat(32)},${'c'.repeat(32)}` }),
    /^GATEHOUSE_SECRETS_COOKIE_KEYS: .*two different/,
  )
  assert.match(
    told({ GATEHOUSE_SECRETS_COOKIE_KEYS: made.cookieKeys.join(',') }),
    /^[A-Z_]+: holds a secret .* development$/,
  )
  assert.match(
    told({ GATEHOUSE_SECRETS_SEALING_KEYS: made.sealingKeys.join(',') }),
    /^[A-Z_]+: holds a secret .* development$/,
  )
  const mail = { GATEHOUSE_MAIL_FROM: 'a@example.com', GATEHOUSE_MAIL_SMTP_TLS: 'offered' }
  assert.match(
    told({ ...mail, GATEHOUSE_MAIL_SMTP_URL: 'smtp://name:hidden@mail.example.com' }),
    /^GATEHOUSE_MAIL_SMTP_TLS: must be required in production where mail\.smtp\.url holds a password$/,
  )
  for (const url of ['smtp://mail.example.com', 'smtps://name:hidden@mail.example.com']) {
    assert.equal(told({ ...mail, GATEHOUSE_MAIL_SMTP_URL: url }), '')
  }
  const cost = (memoryKib: string, passes: string) =>
    told({
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_MEMORY_KIB: memoryKib,
      GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_PASSES: passes,
    })
  assert.match(cost('19456', '1'), /^signIn\.password\.argon2: is too weak/)
  assert.equal(cost('19456', '2'), '')
})

test('the address of a mail server is an address and nothing more, is never told, and needs a sender', (t) => {
  const dataDir = scratchFolder(t)
  const told = (url: string, from = 'a@example.com') =>
    problemsOf({ env: { DATA_DIR: dataDir, GATEHOUSE_MAIL_SMTP_URL: url, GATEHOUSE_MAIL_FROM: from }, configDir })
  for (const url of ['smtp://mail.example.com', 'smtps://a%40b:hunter2@mail.example.com:465', 'smtp://[::1]:2525/']) {
    assert.deepEqual(told(url), [], url)
  }
  for (const url of [
    'mail.example.com',
    'https://mail.example.com',
    'smtp://',
    'smtp://u:hunter2@h/x',
    'smtp://h?tls=0',
  ]) {
    const [problem = '', ...more] = told(url)
    assert.match(problem, /^GATEHOUSE_MAIL_SMTP_URL: mail\.smtp\.url: must be like/, url)
    assert.doesNotMatch(problem, /hunter2/)
    assert.deepEqual(more, [])
  }
  assert.match(told('smtp://mail.example.com', '').join(), /mail\.from: is missing/)
})

test('a sealing key is 32 bytes, in either base64 alphabet', (t) => {
  const dataDir = scratchFolder(t)
  const told = (key: string) =>
    problemsOf({ env: { DATA_DIR: dataDir, GATEHOUSE_SECRETS_SEALING_KEYS: key }, configDir }).length
  assert.equal(told(SEALING_KEY), 0)
  assert.equal(told(Buffer.alloc(32, 0xfb).toString('base64')), 0)
  assert.equal(told(Buffer.alloc(31).toString('base64url')), 1)
  assert.equal(told(Buffer.alloc(33).toString('base64url')), 1)
  assert.equal(told(`${SEALING_KEY}!`), 1)
})

test('a description of the configuration holds every option and no secret', (t) => {
  const dataDir = scratchFolder(t)
  writeFileSync(join(dataDir, 'uri'), 'mongodb://admin:hunter2@db.example.com/x')
  const config = loadConfig({ env: { DATA_DIR: dataDir, MONGODB_URI_FILE: join(dataDir, 'uri') }, configDir })
  const described = describeConfig(config)
  const shown = (path: string) => described.find((option) => option.path === path)?.value
  assert.equal(shown('server.port'), 3000)
  assert.equal(shown('brand.logoUrl'), undefined)
  assert.equal(shown('database.uri'), '(secret)')
  assert.deepEqual(shown('secrets.cookieKeys'), ['(secret)', '(secret)'])
  const text = JSON.stringify(described)
  for (const secret of ['hunter2', ...config.secrets.cookieKeys, ...config.secrets.sealingKeys]) {
    assert.equal(text.includes(secret), false)
  }
})
