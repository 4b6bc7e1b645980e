import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/index.ts'
import { configDir, configFolder, problemsOf } from '../support/config-files.ts'
import { scratchFolder } from '../support/scratch.ts'

const GOOGLE = {
  GATEHOUSE_UPSTREAM_GOOGLE_CLIENT_ID: 'an-id',
  GATEHOUSE_UPSTREAM_GOOGLE_CLIENT_SECRET: 'a-secret',
}
const ONE = { id: 'corp', label: 'Corp', issuer: 'https://login.example.com', clientId: 'an-id', clientSecret: 's' }

test('a provider is switched on by id and secret, and by nothing less', (t) => {
  const DATA_DIR = scratchFolder(t)
  const problems = (env: Readonly<Record<string, string>>) => problemsOf({ env: { DATA_DIR, ...env }, configDir })
  assert.deepEqual(problems(GOOGLE), [])
  const { google } = loadConfig({ env: { DATA_DIR, ...GOOGLE }, configDir }).upstream
  assert.equal(google.issuer, 'https://accounts.google.com')
  for (const name of ['GOOGLE', 'MICROSOFT', 'GITHUB']) {
    assert.match(problems({ [`GATEHOUSE_UPSTREAM_${name}_CLIENT_ID`]: 'x' }).join(), /needs clientId and clientSecret/)
    assert.match(problems({ [`GATEHOUSE_UPSTREAM_${name}_CLIENT_SECRET`]: 'x' }).join(), /needs clientId/)
  }
  assert.match(
    problems({ GATEHOUSE_UPSTREAM_APPLE_CLIENT_ID: 'x' }).join(),
    /needs clientId, teamId, keyId and privateKey/,
  )
  assert.match(problems({ GATEHOUSE_UPSTREAM_MICROSOFT_TENANT: 'a/b' }).join(), /must be common/)
  const key = (namedCurve: string) =>
    generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const apple = (privateKey: string) =>
    problems({
      GATEHOUSE_UPSTREAM_APPLE_CLIENT_ID: 'com.example.signin',
      GATEHOUSE_UPSTREAM_APPLE_TEAM_ID: 'ABCDE12345',
      GATEHOUSE_UPSTREAM_APPLE_KEY_ID: 'ABC123DEFG',
      GATEHOUSE_UPSTREAM_APPLE_PRIVATE_KEY: privateKey,
    })
  const good = key('P-256')
  for (const fine of [good, good.replaceAll('\n', '\\n')]) assert.deepEqual(apple(fine), [])
  for (const wrong of ['x', key('P-384'), good.replace(/[A-Z]{4}/, 'AAAA')])
    assert.match(apple(wrong).join(), /must be the text of the \.p8 file/)
})

test('a secret can come from a file', (t) => {
  const DATA_DIR = scratchFolder(t, { secret: 'from a file\n' })
  const { GATEHOUSE_UPSTREAM_GOOGLE_CLIENT_SECRET: _, ...id } = GOOGLE
  const env = { DATA_DIR, ...id, GATEHOUSE_UPSTREAM_GOOGLE_CLIENT_SECRET_FILE: `${DATA_DIR}/secret` }
  assert.equal(loadConfig({ env, configDir }).upstream.google.clientSecret, 'from a file')
})

test('other providers stand in a list, each with a name of its own', (t) => {
  const DATA_DIR = scratchFolder(t)
  const problems = (...openid: readonly object[]) =>
    problemsOf({
      env: { DATA_DIR },
      configDir: configFolder(t, { 'local.yaml': JSON.stringify({ upstream: { openid } }) }),
    })
  assert.deepEqual(problems(ONE, { ...ONE, id: 'campus' }), [])
  assert.match(problems(ONE, ONE).join(), /has two with the same id/)
  assert.match(problems({ ...ONE, id: 'google' }).join(), /has a section of its own/)
  assert.match(problems({ ...ONE, id: 'Corp/..' }).join(), /must be small letters/)
  assert.match(problems({ ...ONE, issuer: 'login.example.com' }).join(), /must be an https or http address/)
  assert.match(problems({ ...ONE, secret: 'x' }).join(), /secret/)
})

test('the secret of one in the list can stand in a file; what is wrong with that is told once, with its place', (t) => {
  const DATA_DIR = scratchFolder(t, { secret: 'hunter2\n', empty: ' \n' })
  const { clientSecret: _, ...one } = ONE
  const folderOf = (...openid: readonly object[]) =>
    configFolder(t, { 'local.yaml': JSON.stringify({ upstream: { openid } }) })
  const told = (...openid: readonly object[]) => {
    const folder = folderOf(...openid)
    return problemsOf({ env: { DATA_DIR }, configDir: folder }).map((problem) => problem.replace(`${folder}/`, ''))
  }
  const named = (name: string) => ({ ...one, clientSecretFile: `${DATA_DIR}/${name}` })
  const { openid } = loadConfig({
    env: { DATA_DIR },
    configDir: folderOf(named('secret'), { ...ONE, id: 'b' }),
  }).upstream
  assert.deepEqual(
    openid.map(({ clientSecret }) => clientSecret),
    ['hunter2', 's'],
  )
  const place = 'local.yaml: upstream.openid.1'
  assert.deepEqual(told(ONE, { ...named('missing'), id: 'b' }), [
    `${place}.clientSecretFile: cannot read the file it names (ENOENT)`,
  ])
  assert.deepEqual(told(ONE, { ...named('empty'), id: 'b' }), [`${place}.clientSecretFile: the file it names is empty`])
  assert.deepEqual(told(ONE, { ...named('secret'), id: 'b', clientSecret: 's' }), [
    `${place}: clientSecret and clientSecretFile are both set: use one of them`,
  ])
  assert.match(told(one).join(), /openid\.0\.clientSecret: is missing: clientSecret, or clientSecretFile$/)
  assert.match(told({ ...one, clientSecretFile: 7 }).join(), /clientSecretFile: must be text/)
  assert.doesNotMatch(told({ ...named('secret'), id: 'google' }).join(), /hunter2/)
})
