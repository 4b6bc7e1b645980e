import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { mongo } from 'mongoose'
import type { AdapterPayload } from 'oidc-provider'
import { createGatherings } from '../../src/platform/database/gathering/index.ts'
import { ensureIndexes } from '../../src/platform/database/index.ts'
import { hashSecret, newId, newSecret } from '../../src/platform/ids.ts'
import { createAdapter } from '../../src/provider/storage/adapter.ts'
import { artifactModel } from '../../src/provider/storage/artifact.model.ts'
import { createReuses } from '../../src/provider/storage/reuse.ts'
import { openTestDatabase } from '../support/database.ts'
import { openStorage, startStorageProcess } from '../support/storage.ts'

const sealingKey = newSecret()
let database: Awaited<ReturnType<typeof openTestDatabase>>
let storage: Awaited<ReturnType<typeof openStorage>>
let other: Awaited<ReturnType<typeof startStorageProcess>>
before(async () => {
  database = await openTestDatabase()
  storage = await openStorage(database, [sealingKey])
  other = await startStorageProcess(database.uri, sealingKey)
})
after(async () => {
  await other.kill()
  await database.close()
})

const nowSeconds = () => Math.floor(Date.now() / 1000)
const adapter = (kind: string) => storage.adapter(kind)
const stored = () => database.connection.collection<{ _id: string; kind: string }>('artifacts')

/** Keeps a record of this kind. @returns its id */
async function keep(kind: string, payload: AdapterPayload = {}, expiresIn: number | undefined = 60): Promise<string> {
  const jti = newSecret()
  await adapter(kind).upsert(jti, { jti, kind, iat: nowSeconds(), ...payload }, expiresIn)
  return jti
}

const wins = async (works: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(works)).filter(({ status }) => status === 'fulfilled').length

const fifty = (work: () => Promise<unknown>) => Array.from({ length: 50 }, work)

/** Half of the uses come from here, and half from another process. */
async function winsOfTwoProcesses(verb: 'consume' | 'upsert', kind: string, id: string, payload = {}) {
  const here = () => (verb === 'consume' ? adapter(kind).consume(id) : adapter(kind).upsert(id, payload, 60))
  const [mine, theirs] = await Promise.all([
    wins(Array.from({ length: 25 }, here)),
    other.run({ verb, kind, id, payload, times: 25 }),
  ])
  return mine + theirs
}

const singleUse = [
  ['A1', 'AuthorizationCode', 'invalid_grant'],
  ['A2', 'RefreshToken', 'invalid_grant'],
  ['A3', 'DeviceCode', 'invalid_grant'],
  ['A4', 'PushedAuthorizationRequest', 'invalid_request_uri'],
] as const

for (const [id, kind, error] of singleUse) {
  describe(`${id} ${kind}`, () => {
    test('of 50 parallel uses one wins, and the others are told why not', async () => {
      const jti = await keep(kind, { grantId: newId() })
      assert.equal(await wins(fifty(() => adapter(kind).consume(jti))), 1)
      await assert.rejects(adapter(kind).consume(jti), { error })
    })

    test('of 50 uses by two processes one wins', async () => {
      assert.equal(await winsOfTwoProcesses('consume', kind, await keep(kind)), 1)
    })

    test('what was used is found as used, and being used outlives a save', async () => {
      const jti = await keep(kind)
      const before = nowSeconds()
      await adapter(kind).consume(jti)
      const after = nowSeconds()
      const used = (await adapter(kind).find(jti)) as AdapterPayload
      assert.ok(Number(used.consumed) >= before && Number(used.consumed) <= after)
      await adapter(kind).upsert(jti, used, 60)
      await assert.rejects(adapter(kind).consume(jti), { error })
    })

    test('what has expired, or never was, cannot be used', async (t) => {
      const jti = await keep(kind, {}, 60)
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 })
      await assert.rejects(adapter(kind).consume(jti), { error })
      await assert.rejects(adapter(kind).consume(newSecret()), { error })
    })
  })
}

test('A1 the loser of a race ends what the winner was given: nobody knows which of them is the thief', async () => {
  const grantId = newId()
  await adapter('Grant').upsert(grantId, { jti: grantId, kind: 'Grant', clientId: 'app' }, 60)
  const code = await keep('AuthorizationCode', { grantId })
  const token = await keep('AccessToken', { grantId })
  await wins([1, 2].map(() => adapter('AuthorizationCode').consume(code)))
  assert.equal(await adapter('AccessToken').find(token), undefined)
  assert.equal(await adapter('Grant').find(grantId), undefined)
})

describe('A5 ReplayDetection', () => {
  const payload = { iss: 'app', kind: 'ReplayDetection' }

  test('of 50 parallel proofs of one jti one is new', async () => {
    const id = hashSecret(`app${newId()}`)
    assert.equal(await wins(fifty(() => adapter('ReplayDetection').upsert(id, payload, 60))), 1)
  })

  test('of 50 proofs to two processes one is new', async () => {
    const id = hashSecret(`app${newId()}`)
    assert.equal(await winsOfTwoProcesses('upsert', 'ReplayDetection', id, payload), 1)
  })
})

test('A6 a record that has expired and was not swept is invisible, by whichever way it is looked for', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const session = await keep('Session', { uid: 'uid-of-a6', accountId: 'a6' })
  const device = await keep('DeviceCode', { userCode: 'BCDF-GHJK' })
  t.mock.timers.tick(59_000)
  assert.ok(await adapter('Session').find(session))
  assert.ok(await adapter('Session').findByUid('uid-of-a6'))
  assert.ok(await adapter('DeviceCode').findByUserCode('BCDF-GHJK'))
  t.mock.timers.setTime(Date.now() + 1000)
  assert.equal(await adapter('Session').find(session), undefined)
  assert.equal(await adapter('Session').findByUid('uid-of-a6'), undefined)
  assert.equal(await adapter('DeviceCode').find(device), undefined)
  assert.equal(await adapter('DeviceCode').findByUserCode('BCDF-GHJK'), undefined)
  assert.ok(await stored().findOne({ _id: hashSecret(session) }))
})

test('A7 a lifetime that is changed or taken away is what counts from then on', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const jti = await keep('Grant', { clientId: 'app' }, 60)
  await adapter('Grant').upsert(jti, { jti, kind: 'Grant' }, 3600)
  assert.ok(Math.abs(Number((await adapter('Grant').find(jti))?.exp) - nowSeconds() - 3600) <= 1)
  t.mock.timers.tick(120_000)
  assert.ok(await adapter('Grant').find(jti))
  await adapter('Grant').upsert(jti, { jti, kind: 'Grant' })
  const document = await stored().findOne({ _id: hashSecret(jti) })
  assert.ok(document && !('expiresAt' in document))
  assert.ok(!('clientId' in document), 'a field that is no longer there is gone')
  t.mock.timers.setTime(Date.now() + 365 * 86_400_000)
  assert.equal((await adapter('Grant').find(jti))?.exp, undefined)
})

test('A8 clients whose id is an address, or looks like an operator, are kept apart in a session', async () => {
  const authorizations = {
    'https://app.example.com/a.b?c=$d': { sid: 'one', grantId: newId() },
    'https://app.example.com/a': { sid: 'two', grantId: newId() },
    $where: { sid: 'three', grantId: newId() },
    __proto__x: { sid: 'four', grantId: newId() },
  }
  const jti = await keep('Session', { uid: newId(), accountId: 'a8', authorizations })
  assert.deepEqual((await adapter('Session').find(jti))?.authorizations, authorizations)
})

test('A9 fields that nobody here knows, and empty ones, come back exactly as they were', async () => {
  const anything = fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue())
  await fc.assert(
    fc.asyncProperty(anything, async (extra) => {
      const payload = JSON.parse(JSON.stringify({ rejected: {}, result: { consent: {} }, list: [], none: null, extra }))
      const jti = await keep('Interaction', payload)
      const { jti: _, kind: __, iat: ___, exp: ____, ...found } = (await adapter('Interaction').find(jti)) ?? {}
      assert.deepEqual(found, payload)
    }),
    { numRuns: 50 },
  )
})

test('A10 revoking a grant empties all models of it, and nothing else', async () => {
  const kinds = ['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']
  const [revoked, spared] = [newId(), newId()]
  const mine = await Promise.all(kinds.map((kind) => keep(kind, { grantId: revoked })))
  const others = await Promise.all(kinds.map((kind) => keep(kind, { grantId: spared })))
  const free = await keep('ClientCredentials', { clientId: 'app' })
  await Promise.all(kinds.map((kind) => adapter(kind).revokeByGrantId(revoked)))
  for (const [index, kind] of kinds.entries()) {
    assert.equal(await adapter(kind).find(mine[index] ?? ''), undefined)
    assert.ok(await adapter(kind).find(others[index] ?? ''))
  }
  const count = await stored().countDocuments()
  for (const nothing of ['', undefined, null]) await adapter('AccessToken').revokeByGrantId(nothing as string)
  assert.equal(await stored().countDocuments(), count)
  assert.ok(await adapter('ClientCredentials').find(free))
})

test('A11 a session that changes its id keeps its uid, and the old id is dead', async () => {
  const uid = newId()
  const before = await keep('Session', { uid, accountId: 'a11' })
  const after = newSecret()
  await storage.units.run(async () => {
    await adapter('Session').destroy(before)
    await adapter('Session').upsert(after, { jti: after, kind: 'Session', uid, accountId: 'a11' }, 60)
    assert.equal(await adapter('Session').find(before), undefined)
    assert.equal((await adapter('Session').findByUid(uid))?.jti, after)
  })
  assert.equal(await adapter('Session').find(before), undefined)
  assert.equal((await adapter('Session').find(after))?.uid, uid)
  assert.equal((await adapter('Session').findByUid(uid))?.jti, after)
})

test('an interaction that ends while a request answers it stays ended; one that goes on is changed', async () => {
  const answer = (jti: string, meanwhile: () => Promise<unknown>) =>
    storage.units.run(async () => {
      const found = (await adapter('Interaction').find(jti)) as AdapterPayload
      await meanwhile()
      await adapter('Interaction').upsert(jti, { ...found, result: { login: { accountId: 'ada' } } }, 60)
    })
  const [ended, going] = [await keep('Interaction', {}), await keep('Interaction', {})]
  await answer(ended, () => stored().deleteOne({ _id: hashSecret(ended) }))
  await answer(going, async () => {})
  assert.equal(await adapter('Interaction').find(ended), undefined)
  assert.equal((await adapter('Interaction').find(going))?.result?.login?.accountId, 'ada')
})

test('a new instance of the library takes no further room in units of work', async (t) => {
  const { mock } = t.mock.method(storage.units, 'known')
  const others = { reuses: createReuses(), foresee: () => {}, onKept: () => {} }
  const factory = createAdapter({ ...storage, ...others }) as (kind: string) => unknown
  const taken = mock.callCount()
  for (const kind of ['Grant', 'Interaction', 'Session', 'AccessToken', 'RefreshToken', 'ReplayDetection', 'Client'])
    factory(kind)
  assert.equal(mock.callCount(), taken)
})

test('A12 what is stored gives nobody a token, a code, a cookie or a user code', async () => {
  const seen = new Map<string, string>()
  const kinds = ['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'Session', 'Interaction']
  for (const kind of [...kinds, 'PushedAuthorizationRequest', 'ClientCredentials', 'RegistrationAccessToken']) {
    const uid = newSecret()
    const userCode = newSecret()
    const cookie = newSecret()
    const jti = await keep(kind, { grantId: newId(), uid, userCode, session: { cookie }, returnTo: `/auth/${uid}` })
    for (const [what, secret] of Object.entries({ jti, uid, userCode, cookie })) seen.set(secret, `${kind} ${what}`)
  }
  const refresh = await keep('RefreshToken')
  await adapter('RefreshToken').consume(refresh)
  seen.set(storage.rotation.successorOf(refresh), 'successor of a refresh token')
  const dump = JSON.stringify(await stored().find().toArray())
  assert.deepEqual(
    [...seen].filter(([secret]) => dump.includes(secret)).map(([, what]) => what),
    [],
  )
})

test('A12 a record that is moved to another id, or called another kind, cannot be read', async () => {
  const [from, to] = [await keep('AccessToken'), await keep('AccessToken')]
  // It has been opened before, and is remembered.
  assert.ok(await adapter('AccessToken').find(from))
  const { payload } = (await stored().findOne({ _id: hashSecret(from) })) as unknown as { payload: string }
  await stored().updateOne({ _id: hashSecret(to) }, { $set: { payload } })
  await assert.rejects(adapter('AccessToken').find(to), { name: 'SealError' })
  await stored().updateOne({ _id: hashSecret(from) }, { $set: { kind: 'RefreshToken' } })
  await assert.rejects(adapter('RefreshToken').find(from), { name: 'SealError' })
  assert.equal(await adapter('AccessToken').find(from), undefined)
})

test('A13 a process that is killed between consume and save leaves no two live refresh tokens', async (t) => {
  for (const verbs of [['consume'], ['consume', 'upsert']] as const) {
    const grantId = newId()
    const first = await keep('RefreshToken', { grantId })
    const killed = await startStorageProcess(database.uri, sealingKey)
    t.after(killed.kill)
    const successor = storage.rotation.successorOf(first)
    const ids = { consume: first, upsert: successor }
    for (const verb of verbs) {
      const payload = { jti: successor, kind: 'RefreshToken', grantId }
      assert.equal(await killed.run({ verb, kind: 'RefreshToken', id: ids[verb], payload, times: 1 }), 1)
    }
    await killed.kill()
    const found = await Promise.all([first, successor].map((id) => adapter('RefreshToken').find(id)))
    const live = found.filter((payload) => payload && payload.consumed === undefined)
    assert.equal(live.length, verbs.length === 1 ? 0 : 1, `killed after ${verbs.join(', ')}`)
  }
})

test('A14 a database whose indexes are not what they have to be is refused', async (t) => {
  const { connection, close } = await openTestDatabase()
  t.after(close)
  artifactModel(connection)
  const collection = connection.collection('artifacts')
  await collection.createIndex({ accountId: 1 })
  await assert.rejects(ensureIndexes(connection), /artifacts.*drop it/)
  await collection.dropIndexes()
  await ensureIndexes(connection)
})

test('everything of one account is found and ended at once, and nothing of another', async () => {
  const kinds = ['Session', 'Grant', 'AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode']
  const keepAll = (accountId: string) => Promise.all(kinds.map((kind) => keep(kind, { accountId, uid: newId() })))
  const [mine, others] = [await keepAll('ended'), await keepAll('spared')]
  await keep('Session', { accountId: 'ended', uid: newId() }, 0)
  await storage.endAccount('ended', 'test')
  for (const [index, kind] of kinds.entries()) {
    assert.equal(await adapter(kind).find(mine[index] ?? ''), undefined)
    assert.ok(await adapter(kind).find(others[index] ?? ''))
  }
  const ended = await storage.audit.list({ accountId: 'ended', name: 'session.ended' }, 10)
  assert.equal(ended.length, 2, 'also the one that ran out and that nobody was told of')
  const count = await stored().countDocuments()
  await storage.endAccount('', 'test')
  assert.equal(await stored().countDocuments(), count)
})

test('of two devices with one user code neither is found: nobody approves the wrong one', async () => {
  await keep('DeviceCode', { userCode: 'SAME-CODE' })
  assert.ok(await adapter('DeviceCode').findByUserCode('SAME-CODE'))
  await keep('DeviceCode', { userCode: 'SAME-CODE' })
  assert.equal(await adapter('DeviceCode').findByUserCode('SAME-CODE'), undefined)
})

describe('a session', () => {
  const saved = async (jti: string) => (await stored().findOne({ _id: hashSecret(jti) })) as { expiresAt?: Date } | null
  const session = (jti: string, extra: object = {}) => ({
    jti,
    kind: 'Session',
    uid: `uid-${jti}`,
    accountId: 'ada',
    ...extra,
  })

  /** One request: finds the session, lets the library's exp move on, and saves it. */
  const request = (jti: string, extra: object = {}, expiresIn = 3600, meanwhile = async () => {}) =>
    storage.units.run(async () => {
      const found = (await adapter('Session').find(jti)) ?? {}
      await meanwhile()
      await adapter('Session').upsert(jti, { ...found, ...extra, exp: nowSeconds() + expiresIn }, expiresIn)
    })

  test('of which only the expiry moved, by less than a minute, is not written', async (t) => {
    const jti = newSecret()
    await adapter('Session').upsert(jti, session(jti, { exp: nowSeconds() + 3600 }), 3600)
    const before = await saved(jti)
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 55_000 })
    await request(jti)
    assert.deepEqual(await saved(jti), before)
    t.mock.timers.setTime(Date.now() + 10_000)
    await request(jti)
    const after = await saved(jti)
    assert.ok(Number(after?.expiresAt) - Number(before?.expiresAt) >= 60_000)
  })

  test('that is short is written after a tenth of its life, so that using it keeps it', async (t) => {
    const jti = newSecret()
    await adapter('Session').upsert(jti, session(jti, { exp: nowSeconds() + 60 }), 60)
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    for (let minute = 0; minute < 3; minute += 1) {
      t.mock.timers.setTime(Date.now() + 50_000)
      await request(jti, {}, 60)
      assert.ok(await adapter('Session').find(jti))
    }
  })

  test('that changed in anything else is written', async () => {
    const jti = newSecret()
    await adapter('Session').upsert(jti, session(jti, { exp: nowSeconds() + 3600 }), 3600)
    await request(jti, { authorizations: { app: { sid: 'new' } } })
    assert.deepEqual((await adapter('Session').find(jti))?.authorizations, { app: { sid: 'new' } })
  })

  test('that is ended while a request is under way stays ended', async () => {
    const jti = newSecret()
    await adapter('Session').upsert(jti, session(jti, { exp: nowSeconds() + 3600 }), 3600)
    await request(jti, { authorizations: { app: { sid: 'new' } } }, 3600, () => adapter('Session').destroy(jti))
    assert.equal(await adapter('Session').find(jti), undefined)
  })

  for (const [what, isMoment] of [
    ['before the new one is there', (write: string, after: string) => write.includes(hashSecret(after))],
    ['before the old one is gone', (write: string) => write.includes('"$set":{"expiresAt":"1970')],
  ] as const) {
    test(`that is ended while it gets another id, ${what}, stays ended`, async (t) => {
      const [before, after] = [newSecret(), newSecret()]
      await adapter('Session').upsert(before, session(before, { exp: nowSeconds() + 3600 }), 3600)
      const beside = await openStorage({ ...database, gatherings: createGatherings() }, [sealingKey])
      const { bulkWrite } = mongo.Collection.prototype
      let moments = 0
      const mocked = t.mock.method(
        mongo.Collection.prototype,
        'bulkWrite',
        async function (this: mongo.Collection, ...args: Parameters<typeof bulkWrite>) {
          if (isMoment(JSON.stringify(args[0]), after)) {
            moments += 1
            mocked.mock.restore()
            await beside.adapter('Session').destroy(before)
          }
          return bulkWrite.apply(this, args)
        },
      )
      await storage.units.run(async () => {
        const found = (await adapter('Session').find(before)) ?? {}
        storage.sessions.renew()
        await adapter('Session').upsert(after, { ...found, jti: after, authorizations: { app: {} } }, 3600)
      })
      assert.equal(moments, 1)
      for (const id of [before, after]) assert.equal(await adapter('Session').find(id), undefined)
      assert.equal(await adapter('Session').findByUid(`uid-${before}`), undefined)
    })
  }

  test('that was cut off while it got another id is ended under either', async () => {
    const [before, after] = [newSecret(), newSecret()]
    for (const id of [before, after]) await adapter('Session').upsert(id, session(id, { uid: `uid-${before}` }), 3600)
    await adapter('Session').destroy(after)
    assert.equal(await adapter('Session').findByUid(`uid-${before}`), undefined)
  })
})

describe('what hangs together', () => {
  async function granted() {
    const [grantId, sessionUid] = [newId(), newId()]
    await adapter('Grant').upsert(grantId, { jti: grantId, kind: 'Grant' }, 60)
    const session = await keep('Session', { uid: sessionUid })
    const token = await keep('AccessToken', { grantId, sessionUid, expiresWithSession: true })
    return { grantId, sessionUid, session, token }
  }

  test('is found with a token, and what a request ends meanwhile is not found in it any more', async () => {
    const { grantId, sessionUid, session, token } = await granted()
    await storage.units.run(async () => {
      await adapter('AccessToken').find(token)
      assert.ok(await adapter('Session').findByUid(sessionUid))
      assert.ok(await adapter('Grant').find(grantId))
      await adapter('AccessToken').find(token)
      await adapter('Session').destroy(session)
      await adapter('Grant').destroy(grantId)
      assert.equal(await adapter('Session').findByUid(sessionUid), undefined)
      assert.equal(await adapter('Grant').find(grantId), undefined)
    })
  })

  test('is read anew by each request', async () => {
    const { grantId, token } = await granted()
    const look = () =>
      storage.units.run(async () => {
        await adapter('AccessToken').find(token)
        return adapter('Grant').find(grantId)
      })
    assert.ok(await look())
    await adapter('Grant').destroy(grantId)
    assert.equal(await look(), undefined)
  })
})
