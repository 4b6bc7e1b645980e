import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as oidc from 'openid-client'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let rp: RelyingParty
let tokens: Awaited<ReturnType<RelyingParty['run']>>
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com')
  rp = await RelyingParty.create(world, {
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  })
  tokens = await rp.run('ada@example.com')
  // From now on the client is known here.
  await oidc.clientCredentialsGrant(rp.configuration)
})
after(() => world.close())

interface Profiled {
  readonly op: string
  readonly ns: string
  readonly docsExamined?: number
  readonly nreturned?: number
  readonly nMatched?: number
}

/** What a request asks of the database, as the database itself tells. */
async function costOf(work: () => Promise<unknown>) {
  const { db } = world.connection
  await db?.command({ profile: 2 })
  await work()
  await db?.command({ profile: 0 })
  const seen = (await db?.collection('system.profile').find().toArray()) as unknown as Profiled[]
  await db?.collection('system.profile').drop()
  const ours = seen.filter(({ ns, op }) => /\.(artifacts|accounts|clients|audit_events)$/.test(ns) && op !== 'getmore')
  return {
    reads: ours.filter(({ op }) => op === 'query').length,
    writes: ours.filter(({ op }) => op !== 'query').length,
    examinedInVain: ours.filter(({ docsExamined = 0, nreturned, nMatched }) => {
      return docsExamined > (nreturned ?? nMatched ?? 0)
    }),
  }
}

/**
 * No more than this, and only what is asked for is looked at: so the cost does not grow with what is stored. A process
 * that sees a token for the first time needs one read more.
 */
const budget = [
  ['a token of the client', 0, 2, () => oidc.clientCredentialsGrant(rp.configuration)],
  ['introspection', 1, 0, () => oidc.tokenIntrospection(rp.configuration, tokens.access_token)],
  ['userinfo', 2, 0, () => oidc.fetchUserInfo(rp.configuration, tokens.access_token, tokens.claims()?.sub ?? '')],
  ['refreshing', 2, 3, () => oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? '')],
] as const

for (const [what, reads, writes, work] of budget) {
  test(`${what} costs ${reads} reads and ${writes} writes, whatever is stored`, async () => {
    const cost = await costOf(work)
    assert.deepEqual(cost, { reads, writes, examinedInVain: [] })
  })
}
