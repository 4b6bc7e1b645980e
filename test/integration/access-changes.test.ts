// Roles, APIs and organizations are changed and deleted: what that does to those who have them, and to live tokens.
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { decodeJwt } from 'jose'
import { mongo } from 'mongoose'
import * as oidc from 'openid-client'
import { readAccessSeed } from '../../src/seed.ts'
import { json, runBeside } from '../support/command-line.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

const DEMO = 'https://demo-api.example'
let world: World
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_ACCOUNTS_REGISTRATION: 'invited' } })
})
after(() => world.close())

const refused = (code: string, message = /./) => ({ code, message })
const everything = (api: string) => [{ api, names: ['*'] }]
const role = (name: string, permissions = everything(DEMO)) => ({ name, title: name, permissions })
const rolesOf = async (id: string) => (await world.accounts.find(id))?.roles
const plant = () => world.access.plant(readAccessSeed({ seedDir: 'config/seed', issuer: world.issuer }))
/** Everything in the trail, once the mails have been sent that tell of it there as well. */
const allEvents = async () => {
  await world.notices.delivery.settle()
  return world.events()
}
const eventsSince = async (count: number) =>
  (await allEvents())
    .slice(0, -count)
    .map(({ name, accountId, detail }) => ({ name, accountId, ...detail }))
    .reverse()

let made = 0
/** An API of its own, and a role for it. */
async function makeApi() {
  made += 1
  const identifier = `https://api${made}.example`
  const permissions = [{ name: 'read:things', title: 'See things' }]
  await world.access.apis.create({ identifier, name: 'Things', permissions })
  return identifier
}

/** Does this just before the database deletes something from this collection. */
function beforeDelete(t: TestContext, collection: string, work: () => Promise<void>) {
  const { deleteOne } = mongo.Collection.prototype
  type Args = Parameters<typeof deleteOne>
  const mocked = t.mock.method(
    mongo.Collection.prototype,
    'deleteOne',
    async function (this: mongo.Collection, ...args: Args) {
      if (this.collectionName === collection) {
        mocked.mock.restore()
        await work()
      }
      return deleteOne.apply(this, args)
    },
  )
}

test('a role is changed as a whole, and whoever has it may do that from the next refresh on', async () => {
  const { roles } = world.access
  const api = await makeApi()
  await roles.create(role('reader', everything(api)))
  const { email } = await world.addAccount('reader@example.com', { roles: ['reader'] })
  const rp = await RelyingParty.create(world, { first_party: true })
  const started = await rp.start({ resource: api, scope: 'openid read:things' })
  const page = await rp.signIn(await rp.browser.open(started.url), email)
  const tokens = await rp.redeem(page, started, { resource: api })
  assert.deepEqual(decodeJwt(tokens.access_token).permissions, ['read:things'])
  const changed = { ...role('reader', []), title: 'Reads nothing' }
  assert.deepEqual(await roles.update(changed), changed)
  assert.deepEqual(await roles.get('reader'), changed)
  const next = await oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? '', { resource: api })
  assert.deepEqual(decodeJwt(next.access_token).permissions, [])
  const [event] = await world.events('role.updated')
  assert.deepEqual(event?.detail, { role: 'reader' })
})

for (const [what, input, code] of [
  ['that there is not', () => role('nobody'), 'role.unknown'],
  ['to something that is no role', () => ({ ...role('user'), title: '' }), 'role.invalid'],
  ['to an API that there is not', () => role('user', everything('https://nowhere.example')), 'api.unknown'],
  ['to a permission that there is not', () => role('user', [{ api: DEMO, names: ['burn'] }]), 'permission.unknown'],
  ['so that nobody could administer any more', () => role('admin'), 'role.needed'],
] as const) {
  test(`a role is not changed ${what}`, async () => {
    const before = [await world.access.roles.list(), (await world.events('role.updated')).length]
    await assert.rejects(world.access.roles.update(input()), { code })
    assert.deepEqual([await world.access.roles.list(), (await world.events('role.updated')).length], before)
  })
}

test('the role of administrators may lose what administration does not need', async () => {
  const less = role('admin', [{ api: `${world.issuer}/api`, names: ['write:roles'] }])
  assert.deepEqual(await world.access.roles.update(less), less)
})

test('a role that somebody has is not deleted, and the refusal says by how many', async () => {
  const { roles, organizations } = world.access
  await roles.create(role('held'))
  const one = await world.addAccount('held1@example.com', { roles: ['held'] })
  const two = await world.addAccount('held2@example.com', { roles: ['user', 'held'] })
  const closed = await world.addAccount('held3@example.com', { roles: ['held'] })
  await world.accounts.close(closed.id)
  const acme = await organizations.create({ name: 'Held' })
  await organizations.addMember(acme.id, { accountId: one.id, roles: ['held', 'user'] })
  await world.registration.invitations.invite({ email: 'guest@example.com', roles: ['held', 'user'] })
  await assert.rejects(roles.delete('held'), refused('role.in_use', /2 account.* 1 member.* 1 invitation/))
  assert.deepEqual(await rolesOf(one.id), ['held'])

  const before = (await allEvents()).length
  await roles.delete('held', { isForced: true })
  await assert.rejects(roles.get('held'), refused('role.unknown'))
  assert.deepEqual(await rolesOf(two.id), ['user'])
  assert.deepEqual(await organizations.members(acme.id), [{ accountId: one.id, roles: ['user'] }])
  const [guest] = await world.registration.invitations.list()
  assert.deepEqual(guest?.roles, ['user'])
  const [invitation, ...told] = await eventsSince(before)
  assert.deepEqual(invitation, { name: 'registration.invitation_role_removed', accountId: undefined, role: 'held' })
  const taken = [one, two, closed].map(({ id }) => ({ name: 'account.role_removed', accountId: id, role: 'held' }))
  const byId = (a: { accountId?: string | undefined }, b: { accountId?: string | undefined }) =>
    String(a.accountId).localeCompare(String(b.accountId))
  assert.deepEqual(told.slice(0, 3).sort(byId), taken.sort(byId))
  assert.deepEqual(told.slice(3), [
    { name: 'organization.member_role_removed', accountId: one.id, organizationId: acme.id, role: 'held' },
    { name: 'role.deleted', accountId: undefined, role: 'held' },
  ])
})

test('the role of administrators and one that there is not are not deleted, by force neither', async () => {
  for (const isForced of [false, true]) {
    await assert.rejects(world.access.roles.delete('admin', { isForced }), refused('role.needed'))
    await assert.rejects(world.access.roles.delete('nobody', { isForced }), refused('role.unknown'))
  }
})

test('who is given a role while it is deleted does not have one that is made by its name later', async (t) => {
  const { roles } = world.access
  const { id } = await world.addAccount('race@example.com')
  await roles.create(role('fleeting'))
  beforeDelete(t, 'roles', () => world.accounts.addRole(id, 'fleeting'))
  await roles.delete('fleeting')
  assert.deepEqual(await rolesOf(id), [])
  // The role was still there when this was asked for, and comes to be written only now.
  const accounts = world.connection.collection<{ _id: string; roles: string[] }>('accounts')
  await accounts.updateOne({ _id: id }, { $set: { roles: ['fleeting'] } })
  await roles.create(role('fleeting'))
  assert.deepEqual(await rolesOf(id), [])
  await world.accounts.addRole(id, 'fleeting')
  await assert.rejects(roles.create(role('fleeting')), refused('role.exists'))
  assert.deepEqual(await rolesOf(id), ['fleeting'])
})

test('what a first start brought and an operator deleted or changed stays so', async () => {
  const { roles, apis } = world.access
  await roles.delete('support', { isForced: true })
  await roles.update(role('auditor', []))
  for (const { name } of await roles.list()) if (name !== 'admin') await roles.update(role(name, []))
  await apis.delete(DEMO)
  const before = [await roles.list(), await apis.list(), (await allEvents()).length]
  await plant()
  assert.deepEqual([await roles.list(), await apis.list(), (await allEvents()).length], before)
  const other = await createWorld({ beside: world })
  assert.equal(await other.access.apis.find(DEMO), undefined)
  await other.close()
})

test("Gatehouse's own API and one that there is not are not deleted", async () => {
  const own = `${world.issuer}/api`
  await assert.rejects(world.access.apis.delete(own), refused('api.own'))
  await assert.rejects(world.access.apis.delete('https://nowhere.example'), refused('api.unknown'))
  assert.ok(await world.access.apis.get(own))
})

test('an API that is named by a role or a client is not deleted, and the refusal says by which', async () => {
  const { apis, roles } = world.access
  const api = await makeApi()
  await roles.create(role('worker', everything(api)))
  const client = await world.addClient({ api_permissions: { [api]: ['read:things'] } })
  await world.addClient({ api_permissions: { [`${api}/other`]: ['read:things'] } })
  const both = new RegExp(`roles: worker; api_permissions of clients: ${client.client_id}\\.`)
  await assert.rejects(apis.delete(api), refused('api.in_use', both))
  await roles.delete('worker')
  await assert.rejects(apis.delete(api), refused('api.in_use', new RegExp(`by api_permissions.*${client.client_id}`)))
  await world.clients.delete(client.client_id, 'cli')
  await apis.delete(api)
  const [event] = await world.events('api.deleted')
  assert.deepEqual(event?.detail, { api })
})

test('a token for an API that was deleted elsewhere is inactive within moments, and is not refreshed', async () => {
  const api = await makeApi()
  const { email } = await world.addAccount('token@example.com')
  const confidential = { first_party: true, token_endpoint_auth_method: 'client_secret_basic' }
  const rp = await RelyingParty.create(world, confidential)
  const speaker = await RelyingParty.create(world, confidential)
  await world.access.apis.update({ ...(await world.access.apis.get(api)), resourceServers: [speaker.clientId] })
  const started = await rp.start({ resource: api, scope: 'openid read:things' })
  const page = await rp.signIn(await rp.browser.open(started.url), email)
  const tokens = await rp.redeem(page, started, { resource: api })
  const isActive = async ({ configuration }: RelyingParty) =>
    (await oidc.tokenIntrospection(configuration, tokens.access_token)).active
  assert.deepEqual([await isActive(rp), await isActive(speaker)], [true, true])

  const done = await runBeside(world, ['api', 'delete', api, '--yes'])
  assert.equal(done.exitCode, 0, done.err)
  const deadline = performance.now() + 30_000
  while (await isActive(rp)) assert.ok(performance.now() < deadline, 'it is active for 30 s')
  assert.equal(await isActive(speaker), false)
  const refresh = (more: Record<string, string> = {}) =>
    oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? '', more)
  await assert.rejects(refresh({ resource: api }), { error: 'invalid_target' })
  assert.ok((await refresh()).access_token, 'it is still good for what there is')
})

test('an organization is renamed, and what is not named stays', async () => {
  const { organizations } = world.access
  const { id } = await organizations.create({ name: 'Before', needsSecondFactor: true })
  const renamed = await organizations.update(id, { name: ' After ' })
  assert.deepEqual([renamed.name, renamed.needsSecondFactor], ['After', true])
  const relaxed = await organizations.update(id, { needsSecondFactor: false })
  assert.deepEqual([relaxed.name, relaxed.needsSecondFactor], ['After', false])
  const [second, first] = await world.events('organization.updated')
  assert.deepEqual(first?.detail, { organizationId: id, name: 'After' })
  assert.deepEqual(second?.detail, { organizationId: id, needsSecondFactor: false })
  await assert.rejects(organizations.update(id, { name: 'a\nb' }), refused('organization.invalid'))
  await assert.rejects(organizations.update('nobody', { name: 'Other' }), refused('organization.unknown'))
})

test('nobody belongs to an organization that was deleted, is held to its rules or gets a token for it', async () => {
  const { organizations } = world.access
  const { id } = await organizations.create({ name: 'Gone', needsSecondFactor: false })
  const account = await world.addAccount('gone@example.com')
  await organizations.addMember(id, { accountId: account.id, roles: [] })
  await organizations.useProvider(id, { provider: 'google', domains: ['gone.example'] })
  const api = await makeApi()
  const rp = await RelyingParty.create(world, { first_party: true })
  const started = await rp.start({ resource: api, scope: `openid organization:${id}` })
  const page = await rp.signIn(await rp.browser.open(started.url), account.email)
  const tokens = await rp.redeem(page, started, { resource: api })
  assert.equal(decodeJwt(tokens.access_token).organization_id, id)
  await organizations.update(id, { needsSecondFactor: true })
  assert.equal(await organizations.needSecondFactor(account.id), true)
  assert.equal(await organizations.findProvider('gone.example'), 'google')

  const before = (await allEvents()).length
  await organizations.delete(id)
  assert.deepEqual(await eventsSince(before), [
    { name: 'organization.member_removed', accountId: account.id, organizationId: id },
    { name: 'organization.deleted', accountId: undefined, organizationId: id },
  ])
  await assert.rejects(organizations.get(id), refused('organization.unknown'))
  await assert.rejects(organizations.delete(id), refused('organization.unknown'))
  assert.deepEqual([await organizations.members(id), await organizations.membershipsOf(account.id)], [[], []])
  assert.equal(await organizations.needSecondFactor(account.id), false)
  assert.equal(await organizations.findProvider('gone.example'), undefined)
  const next = await oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? '', { resource: api })
  assert.equal(decodeJwt(next.access_token).organization_id, undefined)
})

test('who is added to an organization while it is deleted does not stay behind', async (t) => {
  const { organizations } = world.access
  const { id } = await organizations.create({ name: 'Race' })
  const { id: accountId } = await world.addAccount('late@example.com')
  beforeDelete(t, 'organizations', () => organizations.addMember(id, { accountId, roles: [] }))
  await organizations.delete(id)
  assert.deepEqual(await organizations.members(id), [])
})

test('deleting an organization that was cut off is done by deleting it once more', async (t) => {
  const { organizations } = world.access
  const { id } = await organizations.create({ name: 'Twice' })
  for (const email of ['twice1@example.com', 'twice2@example.com']) {
    const { id: accountId } = await world.addAccount(email)
    await organizations.addMember(id, { accountId, roles: [] })
  }
  beforeDelete(t, 'memberships', () => Promise.reject(new Error('cut off')))
  await assert.rejects(organizations.delete(id), /cut off/)
  await organizations.delete(id)
  await assert.rejects(organizations.get(id), refused('organization.unknown'))
  assert.deepEqual(await organizations.members(id), [])
})

test('on the command line', async () => {
  const run = async (...args: string[]) => runBeside(world, [...args, '--json'])
  const { id } = json(await run('organization', 'create', 'Line'))
  assert.equal(json(await run('organization', 'update', id, '--name', 'Other')).name, 'Other')
  await world.access.roles.create(role('line', []))
  const { id: accountId } = await world.addAccount('line@example.com', { roles: ['line'] })
  for (const [args, code] of [
    [['organization', 'update', id], 'usage'],
    [['organization', 'delete', id], 'usage'],
    [['organization', 'delete', 'nobody', '--yes'], 'organization.unknown'],
    [['role', 'delete', 'line'], 'usage'],
    [['role', 'delete', 'line', '--yes'], 'role.in_use'],
    [['role', 'delete', 'admin', '--yes', '--force'], 'role.needed'],
    [['api', 'delete', `${world.issuer}/api`], 'usage'],
    [['api', 'delete', `${world.issuer}/api`, '--yes'], 'api.own'],
  ] as const) {
    const told = await run(...args)
    assert.deepEqual([told.exitCode, json(told).error.code], [code === 'usage' ? 2 : 1, code], args.join(' '))
  }
  assert.equal(json(await run('organization', 'delete', id, '--yes')).deleted, true)
  assert.equal(json(await run('role', 'delete', 'line', '--yes', '--force')).deleted, true)
  assert.deepEqual(await rolesOf(accountId), [])
})
