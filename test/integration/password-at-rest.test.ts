import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hash } from 'argon2'
import { createSealer } from '../../src/platform/seal.ts'
import { Browser } from '../support/browser.ts'
import { runBeside } from '../support/command-line.ts'
import { readMail } from '../support/mails.ts'
import { answerOf, RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const CHOSEN = 'Another horse & 7 carts'

let world: World
let rp: RelyingParty
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_ACCOUNTS_REGISTRATION: 'open' } })
  rp = await RelyingParty.create(world, { first_party: true })
})
after(() => world.close())

async function canSignIn(identifier: string, password: string): Promise<boolean> {
  rp.browser = new Browser(world.issuer)
  const page = await rp.browser.open((await rp.start()).url)
  const answer = await rp.signIn(page, identifier, password)
  return answer.location !== undefined && answerOf(answer).code !== undefined
}

async function register(identifier: string): Promise<void> {
  const browser = new Browser(world.issuer)
  const front = await browser.open((await rp.start()).url)
  const [, href = ''] = /href="(\/interaction\/[^"]+\/register)"/.exec(front.text) ?? []
  const sent = await browser.press(await browser.open(href), 'send', { identifier })
  const { code } = await readMail(world, identifier)
  await browser.press(await browser.press(sent, 'confirm', { code }), 'create', { name: 'Nora', password: CHOSEN })
}

async function useLink(printed: string): Promise<void> {
  const browser = new Browser(world.issuer)
  const [link = ''] = /https?:\S+/.exec(printed) ?? []
  await browser.press(await browser.open(link), 'save', { password: CHOSEN })
}

async function change(identifier: string): Promise<void> {
  const browser = new Browser(world.issuer)
  const asked = await browser.press(await browser.open('/account/password'), 'continue', { identifier })
  const form = await browser.press(asked, 'sign-in', { password: PASSWORD })
  await browser.press(form, 'save', { current: PASSWORD, password: CHOSEN })
}

interface Stored {
  readonly _id: string
  readonly secret: Readonly<Record<string, string>>
  readonly sealed?: string
}

const stored = () => world.connection.collection<Stored>('credentials')

/** A record of this account, and the argon2id hash that it holds sealed. */
async function read(email: string) {
  const account = await world.accounts.findByIdentifier(email)
  const document = (await stored().findOne({ _id: `${account?.id}:password` })) ?? assert.fail('no password')
  const { _id, sealed } = document
  const opened = sealed && createSealer(world.config.secrets.sealingKeys).open(sealed, `credential:${_id}`)
  return { ...document, opened }
}

/** An account whose hash is kept as earlier builds did. */
async function addOldStyle(email: string, memoryCost = 7168): Promise<string> {
  await world.addAccount(email)
  const { _id } = await read(email)
  const old = await hash(PASSWORD, { memoryCost, timeCost: 1, parallelism: 1 })
  await stored().updateOne({ _id }, { $set: { secret: { hash: old } }, $unset: { sealed: 1 } })
  return old
}

test('R-36: whichever way a password was set, a copy of the database holds nothing to guess it against', async () => {
  await world.addAccount('cli@example.com')
  await register('registered@example.com')
  await useLink((await runBeside(world, ['account', 'create', '--email', 'invited@example.com', '--link'])).out)
  await world.addAccount('changed@example.com')
  await change('changed@example.com')
  await world.addAccount('reset@example.com')
  await useLink((await runBeside(world, ['account', 'reset-password', 'reset@example.com'])).out)

  assert.ok(await canSignIn('cli@example.com', PASSWORD))
  const chosen = ['registered', 'invited', 'changed', 'reset'].map((name) => `${name}@example.com`)
  for (const email of chosen) assert.ok(await canSignIn(email, CHOSEN), email)
  const collections = (await world.connection.db?.collections()) ?? []
  const dump = JSON.stringify(await Promise.all(collections.map((collection) => collection.find().toArray())))
  assert.match(dump, /reset@example\.com/)
  assert.doesNotMatch(dump, /argon2/)
  for (const email of ['cli@example.com', ...chosen]) assert.match((await read(email)).opened ?? '', /^\$argon2id\$/)
})

test('a hash that an earlier build kept in clear works, and is sealed by that', async () => {
  const old = await addOldStyle('earlier@example.com')
  assert.equal(await canSignIn('earlier@example.com', CHOSEN), false)
  assert.deepEqual((await read('earlier@example.com')).secret, { hash: old })
  assert.ok(await canSignIn('earlier@example.com', PASSWORD))
  const { secret, opened } = await read('earlier@example.com')
  assert.equal(opened, old)
  assert.ok(!('hash' in secret))
  assert.ok(await canSignIn('earlier@example.com', PASSWORD))
  assert.equal(await canSignIn('earlier@example.com', CHOSEN), false)
})

test('a hash with other parameters is renewed when its password is used', async () => {
  const old = await addOldStyle('outdated@example.com', 8192)
  assert.match(old, /m=8192,/)
  assert.ok(await canSignIn('outdated@example.com', PASSWORD))
  assert.match((await read('outdated@example.com')).opened ?? '', /m=7168,/)
  assert.ok(await canSignIn('outdated@example.com', PASSWORD))
})

test('several sign-ins at once with a hash of an earlier build all hold, and leave one that is good', async () => {
  await addOldStyle('together@example.com', 8192)
  const parties = await Promise.all([1, 2, 3].map(() => RelyingParty.create(world, { first_party: true })))
  const answers = await Promise.all(
    parties.map(async (party) =>
      party.signIn(await party.browser.open((await party.start()).url), 'together@example.com'),
    ),
  )
  for (const answer of answers) assert.ok(answerOf(answer).code)
  assert.ok(await canSignIn('together@example.com', PASSWORD))
})
