import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { Browser, type Page } from '../support/browser.ts'
import { type Dialects, startDialects } from '../support/provider-dialects.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

let dialects: Dialects
let world: World
let count = 0
before(async () => {
  dialects = await startDialects()
  world = await createWorld({
    env: {
      GATEHOUSE_ACCOUNTS_REGISTRATION: 'open',
      GATEHOUSE_SIGN_IN_LIMITS_FAILURES_PER_ADDRESS: '1000',
      GATEHOUSE_UPSTREAM_MICROSOFT_URL: dialects.issuer,
      GATEHOUSE_UPSTREAM_MICROSOFT_CLIENT_ID: 'gatehouse-there',
      GATEHOUSE_UPSTREAM_MICROSOFT_CLIENT_SECRET: 'microsoft secret',
      GATEHOUSE_UPSTREAM_APPLE_ISSUER: dialects.issuer,
      GATEHOUSE_UPSTREAM_APPLE_CLIENT_ID: 'com.example.signin',
      GATEHOUSE_UPSTREAM_APPLE_TEAM_ID: 'ABCDE12345',
      GATEHOUSE_UPSTREAM_APPLE_KEY_ID: 'ABC123DEFG',
      GATEHOUSE_UPSTREAM_APPLE_PRIVATE_KEY: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      GATEHOUSE_UPSTREAM_GITHUB_URL: dialects.issuer,
      GATEHOUSE_UPSTREAM_GITHUB_API_URL: `${dialects.issuer}/api`,
      GATEHOUSE_UPSTREAM_GITHUB_CLIENT_ID: 'gatehouse-at-github',
      GATEHOUSE_UPSTREAM_GITHUB_CLIENT_SECRET: 'github secret',
    },
  })
})
after(async () => {
  await world.close()
  await dialects.close()
})

let email: string
beforeEach(() => {
  count += 1
  email = `ada${count}@elsewhere.example`
  Object.assign(dialects, { pattern: '/{tenantid}/v2.0', user: undefined, tokenError: undefined })
  dialects.person = { id: 4711 + count, login: `ada${count}`, name: 'Ada There' }
  dialects.emails = [
    { email: `old-${email}`, primary: false, verified: true },
    { email, primary: true, verified: true },
  ]
})

/** Goes to the provider from the first page of a sign-in. */
async function leave(choice: string) {
  const rp = await RelyingParty.create(world)
  const { browser } = rp
  const page = await browser.open((await rp.start()).url)
  const form = page.forms.find(({ fields }) => fields.choice === choice)
  const left = await browser.post(form?.action ?? '', { ...form?.fields, action: 'use' })
  const there: Page = await new Browser(dialects.issuer).get(left.location ?? '')
  return { browser, left, there, asked: new URL(left.location ?? 'nowhere:').searchParams }
}

async function goThrough(choice: string): Promise<Page> {
  const { browser, there } = await leave(choice)
  return browser.open(there.location ?? '')
}

const lastFailure = async () => (await world.events('sign_in.failed'))[0]?.detail

const asMicrosoft = (claims: Record<string, unknown> = {}) => {
  dialects.claims = {
    iss: `${dialects.issuer}/${TENANT}/v2.0`,
    tid: TENANT,
    sub: `microsoft-${count}`,
    name: 'Ada There',
    email,
    ...claims,
  }
}

test('every provider that is switched on has its button, in order', async () => {
  const rp = await RelyingParty.create(world)
  const page = await rp.browser.open((await rp.start()).url)
  const choices = page.forms.flatMap(({ fields }) => fields.choice ?? [])
  assert.deepEqual(choices, ['microsoft', 'apple', 'github'])
  assert.match(page.text, /Continue with GitHub/)
})

test('Microsoft: the issuer of each tenant is filled in from its token', async () => {
  asMicrosoft({ xms_edov: true })
  assert.equal((await goThrough('microsoft')).heading, 'Create an account')
})

test('Microsoft: a token whose issuer is of another tenant than it says, or of none, is refused', async () => {
  for (const claims of [
    { tid: '11111111-86f1-41af-91ab-2d7cd011db47' },
    { iss: dialects.issuer },
    { iss: `${dialects.issuer}/{tenantid}/v2.0` },
    { tid: undefined },
  ]) {
    asMicrosoft(claims)
    assert.match((await goThrough('microsoft')).text, /did not work/)
    assert.equal((await lastFailure())?.reason, 'id_token_iss')
  }
})

test('Microsoft: an address that the domain does not vouch for is not taken for verified', async () => {
  await world.addAccount(email)
  for (const claims of [{}, { email_verified: true }, { xms_edov: false }]) {
    asMicrosoft(claims)
    const met = await goThrough('microsoft')
    assert.equal(met.heading, 'Create an account')
    assert.ok(!met.forms.some(({ actions }) => actions.includes('create')))
  }
  asMicrosoft({ xms_edov: '1' })
  assert.equal((await goThrough('microsoft')).heading, 'You have an account already')
})

test('Apple: the answer comes as a form, the secret is signed anew, and the name of the first time is kept', async () => {
  dialects.claims = { sub: `apple-${count}`, email, email_verified: 'true', is_private_email: 'true' }
  dialects.user = JSON.stringify({ name: { firstName: 'Ada', lastName: 'Byron' }, email: 'forged@example.com' })
  const { browser, there, asked } = await leave('apple')
  assert.equal(asked.get('response_mode'), 'form_post')
  assert.equal(asked.get('scope'), 'openid email name')
  const [form] = there.forms
  const posted = await new Browser(world.issuer).post(form?.action ?? '', form?.fields ?? {}, {
    origin: dialects.issuer,
    'sec-fetch-site': 'cross-site',
  })
  const met = await browser.follow(posted)
  assert.equal(met.heading, 'Create an account')
  assert.ok(met.text.includes(email))
  assert.ok(met.forms.some(({ fields }) => fields.name === 'Ada Byron'))

  const secret = dialects.tokenRequests.at(-1)?.get('client_secret') ?? ''
  assert.deepEqual(decodeProtectedHeader(secret), { alg: 'ES256', kid: 'ABC123DEFG' })
  const claims = { issuer: 'ABCDE12345', subject: 'com.example.signin', audience: dialects.issuer }
  const { payload } = await jwtVerify(secret, publicKey, claims)
  assert.ok((payload.exp ?? 0) - (payload.iat ?? 0) <= 600)
})

test('Apple: without a name, or with one that is none, it goes on all the same', async () => {
  for (const user of [undefined, 'not json', '{"name":{"firstName":7}}']) {
    dialects.claims = { sub: `apple-${count}`, email, email_verified: true }
    dialects.user = user
    const { browser, there } = await leave('apple')
    const [form] = there.forms
    const posted = await new Browser(world.issuer).post(form?.action ?? '', form?.fields ?? {}, {})
    assert.equal((await browser.follow(posted)).heading, 'Create an account')
  }
})

test('GitHub: the number says who it is, and the API which address is the verified one', async () => {
  const { asked } = await leave('github')
  assert.equal(asked.get('scope'), 'read:user user:email')
  assert.equal(asked.get('code_challenge_method'), 'S256')
  const { browser, there } = await leave('github')
  const met = await browser.open(there.location ?? '')
  assert.equal(met.heading, 'Create an account')
  assert.ok(met.text.includes(email))
  await browser.press(met, 'create', { name: 'Ada' })
  const account = await world.accounts.findByIdentifier(email)
  // The same person under other names; somebody else under the old one.
  dialects.person = { ...dialects.person, login: 'ada-by-another-name' }
  dialects.emails = [{ email: 'other@elsewhere.example', primary: true, verified: true }]
  assert.notEqual((await goThrough('github')).heading, 'Create an account')
  const [proved] = await world.events('sign_in.proved')
  assert.equal(proved?.accountId, account?.id)
  dialects.person = { id: 1, login: `ada${count}`, name: null }
  assert.equal((await goThrough('github')).heading, 'Create an account')
  assert.ok(dialects.apiRequests.every((headers) => headers['user-agent'] === 'gatehouse'))
})

test('GitHub: an address that is not verified, or not the primary one, proves no mailbox', async () => {
  await world.addAccount(email)
  for (const emails of [
    [{ email, primary: true, verified: false }],
    [
      { email, primary: false, verified: true },
      { email: 'x@elsewhere.example', primary: true, verified: false },
    ],
    [],
  ]) {
    dialects.emails = emails
    const met = await goThrough('github')
    assert.equal(met.heading, 'Create an account')
    assert.ok(!met.forms.some(({ actions }) => actions.includes('create')))
  }
})

test('GitHub: an error that comes with status 200 is an error', async () => {
  dialects.tokenError = 'incorrect_client_credentials'
  assert.match((await goThrough('github')).text, /did not work/)
  const { reason } = (await lastFailure()) ?? {}
  assert.equal(reason, 'token_incorrect_client_credentials')
})

test('GitHub: what the API answers is looked at', async () => {
  for (const [person, emails] of [
    [{ login: 'ada' }, []],
    [{ id: '4711', login: 'ada' }, []],
    [dialects.person, { message: 'no list' }],
  ] as const) {
    Object.assign(dialects, { person, emails })
    assert.match((await goThrough('github')).text, /did not work/)
    assert.equal((await lastFailure())?.reason, 'api_answer_invalid')
  }
})
