import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { can, combineRights } from '../../src/access/can.ts'
import { apiSchema } from '../../src/access/index.ts'
import { readAccessSeed } from '../../src/seed.ts'

const POSTS = 'https://posts.example'
const USERS = 'https://users.example'
const reader = { permissions: [{ api: POSTS, names: ['read:posts'] }] }
const writer = { permissions: [{ api: POSTS, names: ['write:posts'] }] }
const root = { permissions: [{ api: USERS, names: ['*'] }] }

for (const [what, roles, api, permission, expected] of [
  ['nobody may do anything', [], POSTS, 'read:posts', false],
  ['a role allows what it names', [reader], POSTS, 'read:posts', true],
  ['a role allows nothing else', [reader], POSTS, 'write:posts', false],
  ['roles add up', [reader, writer], POSTS, 'write:posts', true],
  ['a permission counts at its own API only', [reader], USERS, 'read:posts', false],
  ['the wildcard allows everything at its API', [root], USERS, 'delete:users', true],
  ['the wildcard allows nothing elsewhere', [root], POSTS, 'read:posts', false],
  ['the wildcard beside names', [reader, root], USERS, 'read:posts', true],
  ['a part of a name is not the name', [reader], POSTS, 'read', false],
  ['names are told apart by case', [reader], POSTS, 'READ:POSTS', false],
  ['an API is known by its whole identifier', [reader], `${POSTS}/`, 'read:posts', false],
  ['what every object has is no permission', [reader], POSTS, 'constructor', false],
] as const) {
  test(`can: ${what}`, () => {
    assert.equal(can(combineRights(roles), api, permission), expected)
  })
}

test('more roles never allow less, in whatever order', () => {
  const names = fc.subarray(['read', 'write', 'delete', '*'], { minLength: 1 })
  const role = fc.record({
    permissions: fc.array(fc.record({ api: fc.constantFrom(POSTS, USERS), names }), { maxLength: 3 }),
  })
  fc.assert(
    fc.property(fc.array(role), role, fc.constantFrom('read', 'write', 'delete'), (roles, another, permission) => {
      const before = can(combineRights(roles), POSTS, permission)
      const after = can(combineRights([another, ...roles]), POSTS, permission)
      assert.ok(after || !before)
      assert.equal(after, can(combineRights([...roles, another]), POSTS, permission))
    }),
  )
})

const api = (changes: object) => ({ identifier: POSTS, name: 'Posts', permissions: [], ...changes })
const named = (...names: string[]) => ({ permissions: names.map((name) => ({ name, title: 'Does it' })) })

test('an API is an absolute URI without a fragment, with permissions that are scope values of their own', () => {
  for (const good of [{}, named('read:posts', 'write:posts'), { identifier: 'urn:example:api' }]) {
    assert.ok(apiSchema.safeParse(api(good)).success, JSON.stringify(good))
  }
  for (const bad of [
    { identifier: 'posts' },
    { identifier: '/posts' },
    { identifier: `${POSTS}#top` },
    { identifier: `${POSTS} x` },
    named('*'),
    named('two words'),
    named('"quoted"'),
    named('openid'),
    named('roles'),
    named('organization:acme'),
    named('read:posts', 'read:posts'),
    { accessTokenSeconds: 0 },
    { unknown: true },
  ]) {
    assert.equal(apiSchema.safeParse(api(bad)).success, false, JSON.stringify(bad))
  }
})

test('whatever is registered as a permission is one word of a scope (RFC 6749 section 3.3)', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...'ab:* "\\\n\t\u0000\u00e9\u2028\u3000~!'), { maxLength: 8 }), (letters) => {
      const name = letters.join('')
      if (!apiSchema.safeParse(api(named(name))).success) return
      assert.deepEqual(name.split(/\s/), [name])
      assert.match(name, /^[!#-[\]-~]+$/)
    }),
  )
})

test('every role of the first start names permissions that there are', () => {
  const { apis, roles } = readAccessSeed({ seedDir: 'config/seed', issuer: 'https://id.example' })
  const known = new Map(apis.map(({ identifier, permissions }) => [identifier, permissions.map(({ name }) => name)]))
  for (const { permissions } of roles) {
    for (const { api: identifier, names } of permissions) {
      if (identifier === 'https://id.example/api') continue
      for (const name of names) assert.ok(name === '*' || known.get(identifier)?.includes(name), name)
    }
  }
  assert.deepEqual(
    roles.map(({ name }) => name),
    ['user', 'moderator', 'admin', 'auditor', 'support'],
  )
})
