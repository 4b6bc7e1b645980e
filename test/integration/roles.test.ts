import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readAccessSeed } from '../../src/seed.ts'
import { createWorld, type World } from '../support/world.ts'

const DEMO = 'https://demo-api.example'
let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())

const refused = (code: string) => (error: unknown) => (error as { code?: unknown }).code === code

test('a first start brings roles for the demo API and for our own', async () => {
  const { apis, roles, standingOf } = world.access
  assert.deepEqual(
    (await roles.list()).map(({ name }) => name),
    ['admin', 'auditor', 'moderator', 'support', 'user'],
  )
  assert.ok((await apis.get(`${world.issuer}/api`)).permissions.some(({ name }) => name === 'write:clients'))
  const { rights } = await standingOf({ id: 'somebody', roles: ['moderator'] })
  assert.deepEqual([...(rights.get(DEMO) ?? [])].sort(), ['delete:posts', 'read:posts', 'read:users', 'write:posts'])
})

test('another start changes nothing, and leaves alone what was changed', async () => {
  const changed = { identifier: DEMO, name: 'Ours', permissions: [{ name: 'read:posts', title: 'Read' }] }
  await world.access.apis.update(changed)
  const before = await world.events()
  await world.access.plant(readAccessSeed({ seedDir: 'config/seed', issuer: world.issuer }))
  assert.equal((await world.access.apis.get(DEMO)).name, 'Ours')
  assert.equal((await world.events()).length, before.length)
})

test('an account is given roles and loses them, and the trail tells', async () => {
  const { id } = await world.addAccount('ada@example.com', { roles: ['user'] })
  await world.accounts.addRole(id, 'moderator')
  await world.accounts.addRole(id, 'moderator')
  assert.deepEqual((await world.accounts.find(id))?.roles, ['user', 'moderator'])
  await world.accounts.removeRole(id, 'user')
  await world.accounts.removeRole(id, 'user')
  assert.deepEqual((await world.accounts.find(id))?.roles, ['moderator'])
  assert.equal((await world.events('account.role_added')).length, 1)
  const [removed, ...more] = await world.events('account.role_removed')
  assert.deepEqual([removed?.accountId, removed?.detail, more], [id, { role: 'user' }, []])
})

test('a role that there is not is refused by name, and nothing is made', async () => {
  const { id } = await world.addAccount('bob@example.com')
  await assert.rejects(world.accounts.addRole(id, 'emperor'), refused('role.unknown'))
  await assert.rejects(world.accounts.addRole('nobody', 'user'), refused('account.unknown'))
  await assert.rejects(
    world.addAccount('eve@example.com', { roles: ['user', 'emperor'] }),
    /There is no role emperor\./,
  )
  assert.equal(await world.accounts.findByIdentifier('eve@example.com'), undefined)
})

test('a role is made of permissions that there are', async () => {
  const { roles } = world.access
  const role = (api: string, name: string) => ({
    name: 'editor',
    title: 'Edits',
    permissions: [{ api, names: [name] }],
  })
  await assert.rejects(roles.create(role('https://nowhere.example', 'read:posts')), refused('api.unknown'))
  await assert.rejects(roles.create(role(DEMO, 'burn:posts')), refused('permission.unknown'))
  await assert.rejects(roles.create({ ...role(DEMO, '*'), name: 'Editor!' }), refused('role.invalid'))
  await roles.create(role(DEMO, 'read:posts'))
  await assert.rejects(roles.create(role(DEMO, 'read:posts')), refused('role.exists'))
})

test('roles in an organization count while acting for it, and nowhere else', async () => {
  const { organizations, standingOf } = world.access
  const account = await world.addAccount('org@example.com', { roles: ['user'] })
  const acme = await organizations.create({ name: 'Acme' })
  const other = await organizations.create({ name: 'Other', tenantId: 'shared' })
  await organizations.addMember(acme.id, { accountId: account.id, roles: ['moderator'] })
  assert.deepEqual((await standingOf(account)).roles, ['user'])
  assert.deepEqual((await standingOf(account, acme.id)).roles, ['user', 'moderator'])
  assert.deepEqual((await standingOf(account, acme.id)).organization, acme)
  assert.deepEqual(await standingOf(account, other.id), await standingOf(account))
  assert.deepEqual(await organizations.membershipsOf(account.id), [{ organization: acme, roles: ['moderator'] }])

  await organizations.removeMember(acme.id, account.id)
  assert.deepEqual(await standingOf(account, acme.id), await standingOf(account))
  await assert.rejects(organizations.removeMember(acme.id, account.id), refused('organization.member_unknown'))
  assert.equal(acme.tenantId, acme.id)
  assert.equal(other.tenantId, 'shared')
})

test('our own API cannot be taken for the issuer, and none is registered twice', async () => {
  const api = (identifier: string) => ({ identifier, name: 'Mine', permissions: [] })
  await assert.rejects(world.access.apis.create(api(world.issuer)), refused('api.invalid'))
  await assert.rejects(world.access.apis.create(api(DEMO)), refused('api.exists'))
  await assert.rejects(world.access.apis.update(api('https://nowhere.example')), refused('api.unknown'))
})
