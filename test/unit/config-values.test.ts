import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configDir, problemsOf } from '../support/config-files.ts'
import { scratchFolder } from '../support/scratch.ts'

const cases: readonly { name: string; good: readonly string[]; bad: readonly [value: string, why: RegExp][] }[] = [
  {
    name: 'ISSUER',
    good: ['https://id.example.com', 'http://localhost:4000', 'https://[2001:db8::1]:8443'],
    bad: [
      ['id.example.com', /must be an address/],
      ['ftp://id.example.com', /must be an address/],
      ['https://id.example.com/', /no slash at the end/],
      ['https://ID.example.com', /lower case/],
      ['https://id.example.com:443', /no default port/],
      ['https://id.example.com/tenant', /must not have a path/],
      ['https://id.example.com?x=1', /query or fragment/],
      ['https://id.example.com#x', /query or fragment/],
      ['https://a:b@id.example.com', /name or password/],
    ],
  },
  {
    // The issuer is at localhost here.
    name: 'GATEHOUSE_SIGN_IN_PASSKEY_RP_ID',
    good: ['localhost'],
    bad: [
      ['localhost:3000', /must not have a port/],
      ['https://localhost', /host name/],
      ['example.com', /host of the issuer or a domain above it/],
    ],
  },
  {
    name: 'MONGODB_URI',
    good: [
      'mongodb://a,b,c/gatehouse?replicaSet=x&tls=true',
      'mongodb+srv://name:pass%3Fword@cluster.example.net/?retryWrites=true&w=majority&readPreference=primary',
      'mongodb://someone:w=1@db.example.com/',
    ],
    bad: [
      ['db.example.com/gatehouse', /must begin with mongodb/],
      ['mongodb://db/?readPreference=secondaryPreferred', /must not set readPreference: /],
      ['mongodb://db/?readPreferenceTags=dc:east', /must not set readPreferenceTags: /],
      ['mongodb://db/?RETRYWRITES=false&w=1', /must not set RETRYWRITES, w: /],
      ['mongodb://db/?w=2', /must not set w: /],
      ['mongodb://db/?journal=false', /must not set journal: /],
      ['mongodb://db/?readConcernLevel=local', /must not set readConcernLevel: /],
    ],
  },
  {
    name: 'PORT',
    good: ['1', '65535'],
    bad: [
      ['0', /for tests only/],
      ['65536', /at most 65535/],
      ['-1', /at least 0/],
      ['80.5', /whole number/],
      ['0x50', /whole number/],
    ],
  },
  {
    name: 'GATEHOUSE_SERVER_TRUSTED_PROXIES',
    good: ['127.0.0.1', '10.0.0.0/8,fd00::/8', ''],
    bad: [
      ['10', /IP address/],
      ['10.0.0.0/33', /IP address/],
      ['proxy.example.com', /IP address/],
    ],
  },
  {
    name: 'GATEHOUSE_BRAND_ACCENT',
    good: ['#4338ca', '#000000', '#767676'],
    bad: [
      ['#777777', /too light/],
      ['#ffffff', /too light/],
      ['indigo', /colour like/],
      ['#fff', /colour like/],
    ],
  },
  {
    name: 'GATEHOUSE_BRAND_LOGO_URL',
    good: ['https://www.example.com/logo.svg'],
    bad: [
      ['javascript:alert(1)', /https or http/],
      ['logo.svg', /https or http/],
    ],
  },
  {
    name: 'GATEHOUSE_LIFETIMES_AUTHORIZATION_CODE_SECONDS',
    good: ['60', '600'],
    bad: [
      ['601', /at most 600/],
      ['0', /at least/],
    ],
  },
  {
    name: 'GATEHOUSE_SIGN_IN_PASSWORD_ARGON2_MEMORY_KIB',
    good: ['7168'],
    bad: [['7167', /at least 7168/]],
  },
  { name: 'MONGODB_URI', good: ['mongodb+srv://db.example.com'], bad: [['postgres://hunter2@db', /mongodb:\/\//]] },
  { name: 'GATEHOUSE_SERVER_HSTS_INCLUDES_SUB_DOMAINS', good: ['false'], bad: [['yes', /true or false/]] },
  { name: 'GATEHOUSE_LOG_LEVEL', good: ['warn'], bad: [['loud', /one of trace/]] },
  {
    name: 'NODE_ENV',
    good: ['test'],
    bad: [
      ['staging', /one of development/],
      ['../../etc/passwd', /one of/],
    ],
  },
  {
    name: 'GATEHOUSE_MAIL_FROM',
    good: ['no-reply@example.com', 'post@localhost'],
    bad: [
      ['Gatehouse <no-reply@example.com>', /e-mail address/],
      ['no-reply', /e-mail address/],
      ['a@example.com,b@example.com', /e-mail address/],
    ],
  },
]

for (const { name, good, bad } of cases) {
  test(`${name} takes what it should, and names itself when it refuses`, (t) => {
    const dataDir = scratchFolder(t)
    const told = (value: string) => problemsOf({ env: { DATA_DIR: dataDir, [name]: value }, configDir })
    for (const value of good) assert.deepEqual(told(value), [], value)
    for (const [value, why] of bad) {
      const [problem = '', ...more] = told(value)
      assert.match(problem, why)
      assert.ok(problem.startsWith(`${name}: `), problem)
      assert.deepEqual(more, [])
    }
  })
}

test('port 0 is fine in a test', (t) => {
  assert.deepEqual(problemsOf({ env: { DATA_DIR: scratchFolder(t), NODE_ENV: 'test', PORT: '0' }, configDir }), [])
})

test('whatever the environment holds, loading ends in a configuration or in problems', (t) => {
  const dataDir = scratchFolder(t)
  const names = [
    'PORT',
    'ISSUER',
    'MONGODB_URI',
    'GATEHOUSE_SERVER_TRUSTED_PROXIES',
    'GATEHOUSE_BRAND_ACCENT',
    'GATEHOUSE_X',
  ]
  const environments = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(
      fc.string(),
      fc.stringMatching(/^(https?|mongodb):\/\/[\w.:@[\]]*$/),
      fc.stringMatching(/^#?[\da-f:./]+$/),
    ),
  )
  fc.assert(
    fc.property(environments, (env) => {
      assert.ok(Array.isArray(problemsOf({ env: { ...env, DATA_DIR: dataDir }, configDir })))
    }),
    { numRuns: 100 },
  )
})

test('no value of a secret is ever told, however wrong it is', (t) => {
  const dataDir = scratchFolder(t)
  const names = ['MONGODB_URI', 'GATEHOUSE_SECRETS_COOKIE_KEYS', 'GATEHOUSE_SECRETS_SEALING_KEYS']
  const secret = fc.stringMatching(/^[A-Z0-9]{12,20}$/).map((text) => `hunter2-${text}`)
  fc.assert(
    fc.property(fc.constantFrom(...names), secret, (name, value) => {
      const problems = problemsOf({ env: { DATA_DIR: dataDir, [name]: value }, configDir })
      assert.equal(problems.length, 1)
      assert.equal(problems.join().includes(value), false)
    }),
    { numRuns: 30 },
  )
})

test('what is wrong with the address of MongoDB is told without its password', (t) => {
  const env = { MONGODB_URI: 'mongodb://someone:hidden@db/?w=1', DATA_DIR: scratchFolder(t) }
  assert.doesNotMatch(problemsOf({ env, configDir }).join(), /hidden|someone/)
})
