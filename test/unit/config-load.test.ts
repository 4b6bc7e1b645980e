import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/index.ts'
import { configDir, configFolder, problemsOf } from '../support/config-files.ts'
import { scratchFolder } from '../support/scratch.ts'

test('nothing has to be set to develop', (t) => {
  const config = loadConfig({ env: { DATA_DIR: scratchFolder(t) }, configDir })
  assert.equal(config.environment, 'development')
  assert.equal(config.server.issuer, 'http://localhost:3000')
  assert.equal(config.lifetimes.authorizationCodeSeconds, 60)
  assert.equal(config.database.uri, undefined)
})

test('the environment wins over local.yaml, that over the file of the environment, and that over the defaults', (t) => {
  const folder = configFolder(t, {
    'test.yaml': 'server: { port: 4001, drainSeconds: 1 }\nbrand: { name: Of the environment }\n',
    'local.yaml': 'server: { port: 4002 }\nbrand: { name: Of this machine }\n',
  })
  const config = loadConfig({ env: { NODE_ENV: 'test', PORT: '4003', DATA_DIR: folder }, configDir: folder })
  assert.equal(config.server.port, 4003)
  assert.equal(config.server.issuer, 'http://localhost:4003')
  assert.equal(config.brand.name, 'Of this machine')
  assert.equal(config.server.drainSeconds, 1)
  assert.equal(config.lifetimes.sessionSeconds, 3600)
})

test('every kind of option can be told by the environment', (t) => {
  const env = {
    DATA_DIR: scratchFolder(t),
    ISSUER: 'https://id.example.com',
    MONGODB_URI: 'mongodb://db.example.com/gatehouse',
    GATEHOUSE_SERVER_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    GATEHOUSE_SERVER_HSTS_INCLUDES_SUB_DOMAINS: 'true',
    GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '50',
    GATEHOUSE_CONSENT_FIRST_PARTY: 'ask',
  }
  const config = loadConfig({ env, configDir })
  assert.equal(config.server.issuer, 'https://id.example.com')
  assert.equal(config.database.uri, 'mongodb://db.example.com/gatehouse')
  assert.deepEqual(config.server.trustedProxies, ['10.0.0.0/8', '::1'])
  assert.equal(config.server.hstsIncludesSubDomains, true)
  assert.equal(config.signIn.limits.failuresPerAddress, 50)
  assert.equal(config.consent.firstParty, 'ask')
})

test('a variable that is set to nothing counts as not set', (t) => {
  const config = loadConfig({ env: { DATA_DIR: scratchFolder(t), PORT: '', MONGODB_URI: '', NODE_ENV: '' }, configDir })
  assert.equal(config.server.port, 3000)
  assert.equal(config.database.uri, undefined)
})

test('a section in which all is commented out is no mistake', (t) => {
  const folder = configFolder(t, { 'local.yaml': 'server:\n  # port: 1\nbrand:\n  name: # nothing\n' })
  assert.equal(loadConfig({ env: { DATA_DIR: folder }, configDir: folder }).brand.name, 'Gatehouse')
})

test('the issuer of a default port is written as browsers write it', (t) => {
  assert.equal(
    loadConfig({ env: { DATA_DIR: scratchFolder(t), PORT: '80' }, configDir }).server.issuer,
    'http://localhost',
  )
})

test('nothing in the configuration can be changed afterwards', (t) => {
  const config = loadConfig({ env: { DATA_DIR: scratchFolder(t) }, configDir })
  const parts: readonly object[] = [config, config.server, config.server.trustedProxies, config.signIn.password.argon2]
  for (const part of parts) assert.ok(Object.isFrozen(part))
})

test('all problems are told together, each with its source and its option', (t) => {
  const folder = configFolder(t, {
    'local.yaml': 'server:\n  prot: 1\n  drainSeconds: soon\nlifetimes: 5\ncolour: red\n',
  })
  const env = { DATA_DIR: join(folder, 'data'), PORT: 'http', GATEHOUSE_LOG_LEVL: 'info', GATEHOUSE_SERVER_PORT: '1' }
  const local = join(folder, 'local.yaml')
  assert.deepEqual(
    new Set(problemsOf({ env, configDir: folder })),
    new Set([
      'GATEHOUSE_LOG_LEVL: there is no such option (did you mean GATEHOUSE_LOG_LEVEL?)',
      'GATEHOUSE_SERVER_PORT: there is no such option (it is called PORT)',
      'PORT: server.port: must be a whole number',
      `${local}: server.drainSeconds: must be a whole number`,
      `${local}: server.prot: there is no such option (did you mean server.port?)`,
      `${local}: lifetimes: must hold options by name`,
      `${local}: colour: there is no such option`,
    ]),
  )
})

test('a configuration with a problem leaves nothing behind', (t) => {
  const dataDir = join(scratchFolder(t), 'data')
  for (const env of [{ NODE_ENV: 'prod' }, { PORT: 'http' }, { NODE_ENV: 'production' }]) {
    assert.notEqual(problemsOf({ env: { ...env, DATA_DIR: dataDir }, configDir }).length, 0)
  }
  assert.equal(existsSync(dataDir), false)
})

test('a file that is not YAML is named with the place, and not quoted', (t) => {
  const folder = configFolder(t, { 'local.yaml': 'secrets:\n  cookieKeys: [hunter2\n' })
  const problems = problemsOf({ env: { DATA_DIR: folder }, configDir: folder })
  assert.equal(problems.length, 1)
  assert.match(problems[0] ?? '', /local\.yaml: is not correct YAML at line 3/)
  assert.doesNotMatch(problems.join(), /hunter2/)
})

test('files of other shapes are refused', (t) => {
  const problemOf = (content: string) => {
    const folder = configFolder(t, { 'local.yaml': content })
    return problemsOf({ env: { DATA_DIR: folder }, configDir: folder }).join('\n')
  }
  assert.match(problemOf('- port\n- 3000\n'), /local\.yaml: must hold options by name$/)
  assert.match(problemOf('port\n'), /local\.yaml: must hold options by name$/)
  assert.match(problemOf('brand: *nowhere\n'), /local\.yaml: .*YAML/)
  assert.match(problemOf('brand: !!secret x\n'), /local\.yaml: is not correct YAML/)
  assert.match(problemOf('dataDir: a\ndataDir: b\n'), /local\.yaml: is not correct YAML/)
  assert.match(problemOf('environment: production\n'), /local\.yaml: environment: is set by NODE_ENV only$/)
  assert.match(problemOf('__proto__: { polluted: true }\n'), /__proto__: there is no such option/)
})

test('a folder without default.yaml is refused by name', (t) => {
  const folder = scratchFolder(t)
  assert.match(
    problemsOf({ env: { DATA_DIR: folder }, configDir: folder }).join('\n'),
    /default\.yaml: cannot be read \(ENOENT\)/,
  )
})

test('production has a worker for each core, and each worker hashes with its share of them', (t) => {
  const production = {
    NODE_ENV: 'production',
    ISSUER: 'https://id.example.com',
    MONGODB_URI: 'mongodb://db.example.com/gatehouse',
    DATA_DIR: scratchFolder(t),
    GATEHOUSE_SECRETS_COOKIE_KEYS: `${'a'.repeat(32)},${'b'.repeat(32)}`,
    GATEHOUSE_SECRETS_SEALING_KEYS: Buffer.alloc(32, 1).toString('base64url'),
  }
  const sizes = (env: Record<string, string>, cores: number) => {
    const { server, signIn } = loadConfig({ env, configDir, cores })
    return [server.workers, signIn.password.hashing.concurrency]
  }
  assert.deepEqual(sizes(production, 4), [4, 1])
  assert.deepEqual(sizes({ ...production, WORKERS: '2' }, 9), [2, 4])
  assert.deepEqual(sizes({ ...production, WORKERS: '8' }, 2), [8, 1])
  assert.deepEqual(sizes({ ...production, WORKERS: '1' }, 500), [1, 256])
  assert.deepEqual(sizes({ ...production, GATEHOUSE_SIGN_IN_PASSWORD_HASHING_CONCURRENCY: '3' }, 500), [256, 3])
  assert.deepEqual(sizes({ DATA_DIR: production.DATA_DIR }, 4), [1, 4])
})

test('a number of workers that makes no sense is a problem like any other', (t) => {
  for (const WORKERS of ['0', '-1', 'many', '2.5', '1000'])
    assert.match(problemsOf({ env: { WORKERS, DATA_DIR: scratchFolder(t) }, configDir }).join(), /^WORKERS: /, WORKERS)
})

test('R-36: a password hash costs what RFC 9106 section 4 recommends second, with one lane', (t) => {
  const env = { NODE_ENV: 'test', DATA_DIR: scratchFolder(t) }
  const { argon2 } = loadConfig({ env, configDir: 'config' }).signIn.password
  assert.deepEqual(argon2, { memoryKib: 65_536, passes: 3, parallelism: 1 })
})
