import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import * as oidc from 'openid-client'
import { Browser } from '../support/browser.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

let world: World
let rp: RelyingParty
let tokens: Awaited<ReturnType<RelyingParty['run']>>
before(async () => {
  world = await createWorld()
  // When a secret was last used is written once an hour, and none begins here.
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  await world.addAccount('ada@example.com')
  rp = await RelyingParty.create(world, {
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  })
  tokens = await rp.run('ada@example.com')
  await hearOfChanges()
  const grant = () => oidc.clientCredentialsGrant(rp.configuration)
  // From now on the client is known here.
  await until(async () => (await costOf(grant)).reads === 0, 'the client is read each time')
  // Its owner was told of the password, and the trail tells of the mail.
  await world.notices.delivery.settle()
})
after(() => world.close())

/**
 * Waits until the program has heard of everything that was written about clients, upon which it forgets them: it hears
 * of changes in their order, and of this one in no other way.
 */
async function hearOfChanges(): Promise<void> {
  const last = await RelyingParty.create(world)
  const { url } = await last.start()
  const isKnown = async () => (await fetch(url, { redirect: 'manual' })).status === 303
  assert.ok(await isKnown())
  await world.connection.collection<{ _id: string }>('clients').deleteOne({ _id: last.clientId })
  await until(async () => !(await isKnown()), 'nothing is heard of changes')
}

/** Resolves once it is so; asking again is what it waits with. */
async function until(is: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await is())) assert.ok(performance.now() < deadline, otherwise)
}

interface Profiled {
  readonly op: string
  readonly ns: string
  readonly docsExamined?: number
  readonly nreturned?: number
  readonly nMatched?: number
}

const OURS = /\.(artifacts|accounts|clients|audit_events|sign_in_attempts|credentials|rate_limits)$/

/** What a request asks of the database, as the database itself tells. */
async function costOf(work: () => Promise<unknown>) {
  const { db } = world.connection
  await db?.command({ profile: 2 })
  await work()
  await db?.command({ profile: 0 })
  const seen = (await db?.collection('system.profile').find().toArray()) as unknown as Profiled[]
  await db?.collection('system.profile').drop()
  const ours = seen.filter(({ ns, op }) => OURS.test(ns) && op !== 'getmore')
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

/** By request: what is read, and what is written. What the two limits get back is one command, and counted as two here. */
const signInBudget = [
  ['GET /auth', 0, 1],
  ['GET /interaction/:uid', 2, 2],
  ['POST /interaction/:uid/begin', 1, 1],
  ['GET /interaction/:uid', 2, 0],
  // Interaction, attempt, account and credentials; two limits taken and returned, the proof, its trail and its result.
  ['POST /interaction/:uid/password', 4, 8],
  ['GET /auth/:uid', 2, 5],
] as const

test('signing in by password costs so much, and no more, at each of its requests', async () => {
  const spent: (readonly [string, number, number])[] = []
  const counting: typeof fetch = async (input, init) => {
    const asked = new URL(String(input))
    let answer: Response | undefined
    const { reads, writes } = await costOf(async () => {
      answer = await fetch(input, init)
    })
    const path = asked.pathname.replace(/(?<=^\/(auth|interaction)\/)[^/]+/, ':uid')
    spent.push([`${init?.method ?? 'GET'} ${path}`, reads, writes])
    assert.ok(answer)
    return answer
  }
  const browser = new Browser(world.issuer, counting)
  const { url } = await rp.start()
  const asked = await browser.press(await browser.open(url), 'continue', { identifier: 'ada@example.com' })
  await browser.press(asked, 'sign-in', { password: PASSWORD })
  assert.deepEqual(spent, signInBudget)
})
