import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import type { Account } from '../../src/accounts/index.ts'
import { newId } from '../../src/platform/ids.ts'
import type { Attempt } from '../../src/sign-in/index.ts'
import { fixtures, type MethodFixture, openSurroundings } from '../support/method-fixtures.ts'
import { givesAway } from '../support/secrets.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
let account: Account
let other: Account
let count = 0
let surroundings: Awaited<ReturnType<typeof openSurroundings>>
before(async () => {
  surroundings = await openSurroundings()
  world = await createWorld({
    env: {
      ...surroundings.env,
      GATEHOUSE_LOG_LEVEL: 'trace',
      GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '10000',
      GATEHOUSE_SIGN_IN_LIMITS_MESSAGES_PER_ADDRESS: '10000',
    },
  })
})
after(async () => {
  await world.close()
  await surroundings.close()
})
beforeEach(async () => {
  count += 1
  account = await world.addAccount(`ada${count}@example.com`)
  other = await world.addAccount(`bob${count}@example.com`)
})

const origin = () => ({ requestId: newId(), address: '203.0.113.7' })
const page = { returnUrlFor: (method: string) => `https://id.example/interaction/x/${method}/return`, browser: newId }

async function open(who: Account): Promise<Attempt> {
  const uid = newId()
  const expiresAt = new Date(Date.now() + 3_600_000)
  await world.signIn.open({ uid, request: { client_id: 'app' }, identifier: who.email, expiresAt })
  return reload(uid)
}
async function reload(uid: string): Promise<Attempt> {
  const attempt = await world.signIn.find(uid)
  assert.ok(attempt)
  return attempt
}
const submit = async ({ uid }: Attempt, method: string, body: unknown) => {
  const attempt = await reload(uid)
  return world.signIn.submit({ attempt, method, body, origin: origin(), page })
}

/** An attempt that is ready for a proof by this method. */
async function ready(name: string, { isSecondStep, isBegun }: MethodFixture, who = account): Promise<Attempt> {
  const { uid } = await open(who)
  if (isSecondStep) await submit(await reload(uid), 'password', { password: PASSWORD })
  if (isBegun) await world.signIn.begin({ attempt: await reload(uid), method: name, input: {}, page, origin: origin() })
  return reload(uid)
}
const isProved = (view: Awaited<ReturnType<typeof submit>>, name: string) =>
  view?.attempt.evidence.some(({ method }) => method === name) ?? false
/** Of this account: a test before may have been ahead of time. */
const lastOf = async (name: 'sign_in.failed' | 'sign_in.proved') =>
  (await world.audit.list({ accountId: account.id, name }, 1))[0]

test('every method has a fixture here', () => {
  const folders = readdirSync('src/sign-in/methods', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  assert.deepEqual(folders.map(({ name }) => name).sort(), Object.keys(fixtures).sort())
})

test('of 20 that open one sign-in at once one is first, and all go on with the same', async () => {
  const start = { uid: newId(), request: { client_id: 'app' }, expiresAt: new Date(Date.now() + 3_600_000) }
  const open = () => world.signIn.open(start, { page, origin: origin() })
  const opened = await Promise.all(Array.from({ length: 20 }, open))
  assert.equal(opened.filter(({ isNew }) => isNew).length, 1)
  assert.equal(new Set(opened.map(({ attempt }) => attempt.pending?.nonce)).size, 1)
})

/** Minutes go by, for us and not for the database. */
function wait(t: TestContext, minutes: number): void {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.mock.timers.tick(minutes * 60_000)
}

for (const [name, fixture] of Object.entries(fixtures)) {
  const prepare = (who = account) => fixture.prepare({ world, account: who })

  test(`${name}: a proof that holds is kept as evidence and told to the trail`, async () => {
    const { prove } = await prepare()
    const attempt = await ready(name, fixture)
    assert.ok(isProved(await submit(attempt, name, await prove(attempt)), name))
    assert.equal((await lastOf('sign_in.proved'))?.detail.method, name)
  })

  test(`${name}: a wrong proof gives nothing and is told to the trail`, async () => {
    const { wrong } = await prepare()
    const attempt = await ready(name, fixture)
    const before = attempt.evidence.length
    assert.equal(await submit(attempt, name, wrong), undefined)
    const after = await reload(attempt.uid)
    assert.equal(after.evidence.length, before)
    assert.equal(after.notice?.reason, 'failed')
    assert.equal((await lastOf('sign_in.failed'))?.detail.method, name)
  })

  test(`${name}: of 20 at once with one proof one gets through`, {
    skip: !fixture.isSingleUse && 'not single use',
  }, async () => {
    const { prove } = await prepare()
    const attempt = await ready(name, fixture)
    const body = await prove(attempt)
    // Up to the limit of failures, which would stop the rest anyway.
    const tries = await Promise.all(
      Array.from({ length: 20 }, () => submit(attempt, name, body).catch(() => undefined)),
    )
    assert.equal(tries.filter((view) => isProved(view, name)).length, 1)
    const { evidence } = await reload(attempt.uid)
    assert.equal(evidence.filter(({ method }) => method === name).length, 1)
  })

  test(`${name}: a try too many uses up nothing of the one that came in time`, {
    skip: !fixture.isBegun && 'no challenge',
  }, async () => {
    const { prove } = await prepare()
    const attempt = await ready(name, fixture)
    const body = await prove(attempt)
    const { pending } = await reload(attempt.uid)
    const leave = (triesLeft: number) =>
      world.connection
        .collection<{ _id: string }>('sign_in_attempts')
        .updateOne({ 'pending.nonce': pending?.nonce }, { $set: { 'pending.triesLeft': triesLeft } })
    assert.equal((await leave(0)).modifiedCount, 1)
    assert.equal(await submit(attempt, name, body), undefined)
    // The one that took the last try, and is slower.
    await leave(1)
    assert.ok(isProved(await submit(attempt, name, body), name))
  })

  test(`${name}: a proof that was used is refused in another sign-in`, {
    skip: !fixture.isSingleUse && 'not single use',
  }, async () => {
    const { prove } = await prepare()
    const attempt = await ready(name, fixture)
    const body = await prove(attempt)
    assert.ok(isProved(await submit(attempt, name, body), name))
    const again = await ready(name, fixture)
    assert.equal(await submit(again, name, body), undefined)
  })

  test(`${name}: the proof of one account is worth nothing for another`, async () => {
    const { prove } = await prepare()
    if (fixture.isSecondStep) await prepare(other)
    const mine = await ready(name, fixture)
    const body = fixture.isSingleUse ? await prove(mine) : { password: 'the password of somebody else' }
    const theirs = await ready(name, fixture, other)
    assert.equal(await submit(theirs, name, body), undefined)
    assert.ok(!(await reload(theirs.uid)).evidence.some(({ method }) => method === name))
  })

  test(`${name}: a challenge is answered where it was made, and nowhere else`, {
    skip: !fixture.isBegun && 'no challenge',
  }, async () => {
    const { prove } = await prepare()
    const made = await ready(name, fixture)
    const body = await prove(made)
    const elsewhere = await open(account)
    assert.equal(await submit(elsewhere, name, body), undefined)
    assert.ok(isProved(await submit(made, name, body), name))
  })

  test(`${name}: an answer that comes too late is refused`, { skip: !fixture.isBegun && 'no challenge' }, async (t) => {
    const { prove } = await prepare()
    const attempt = await ready(name, fixture)
    const body = await prove(attempt)
    wait(t, 16)
    assert.equal(await submit(attempt, name, body), undefined)
  })

  test(`${name}: limits hold, and the right proof has to wait too`, async () => {
    const { prove, wrong } = await prepare()
    for (let tries = 0; tries < 5; tries += 1) {
      const failing = await ready(name, { ...fixture, isBegun: false })
      await submit(failing, name, wrong)
    }
    const attempt = await ready(name, fixture)
    const body = await prove(attempt).catch(() => ({}))
    assert.equal(await submit(attempt, name, { ...wrong, ...body }), undefined)
    assert.equal((await reload(attempt.uid)).notice?.reason, 'limited')
  })

  test(`${name}: without a first proof it is no way in`, {
    skip: !fixture.isSecondStep && 'a first step',
  }, async () => {
    const { prove } = await prepare()
    const attempt = await open(account)
    await assert.rejects(submit(attempt, name, await prove(attempt)), { code: 'sign_in.out_of_turn' })
  })

  test(`${name}: somebody without an account is answered as with a wrong proof`, {
    skip: fixture.isSecondStep && 'a second step',
  }, async () => {
    const { wrong } = await prepare()
    const nobody = { ...account, id: newId(), email: `nobody${newId()}@example.com` }
    const attempt = await ready(name, fixture, nobody)
    assert.equal(await submit(attempt, name, wrong), undefined)
    assert.equal((await reload(attempt.uid)).notice?.reason, 'failed')
  })

  test(`${name}: what cannot be a form of it is refused and not counted`, async () => {
    await prepare()
    const attempt = await ready(name, fixture)
    for (const body of [{}, { [name]: 1 }, undefined, [], { code: 'x'.repeat(5000), password: 'x'.repeat(5000) }]) {
      await assert.rejects(submit(attempt, name, body), { code: 'sign_in.form_invalid' })
    }
    assert.equal((await reload(attempt.uid)).notice, undefined)
  })

  test(`${name}: neither the trail nor the log holds a proof`, async () => {
    const { prove, wrong } = await prepare()
    const attempt = await ready(name, fixture)
    const body = await prove(attempt)
    await submit(attempt, name, wrong)
    await submit(attempt, name, body)
    const told = JSON.stringify(await world.events()) + world.log.join('')
    for (const secret of [...Object.values(body), ...Object.values(wrong)].filter((value) => value.length > 4))
      assert.ok(!givesAway(told, secret), `${name}: ${secret}`)
  })
}
