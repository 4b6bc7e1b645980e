import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { runCommandLine } from '../../src/cli/program.ts'
import { startBreachServer } from '../support/breach-server.ts'
import { Browser } from '../support/browser.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const BREACHED = 'Known from 1 breach!'

let world: World
let breaches: Awaited<ReturnType<typeof startBreachServer>>
before(async () => {
  breaches = await startBreachServer({ known: [BREACHED] })
  world = await createWorld({
    env: {
      GATEHOUSE_SIGN_IN_PASSWORD_BREACHES_ARE_CHECKED: 'true',
      GATEHOUSE_SIGN_IN_PASSWORD_BREACHES_URL: breaches.url,
    },
  })
})
after(async () => {
  await world.close()
  await breaches.close()
})
beforeEach(() => {
  breaches.state.manner = 'good'
  breaches.requests.length = 0
})

/** The page that a one-time link answers with to this password. */
async function choose(password: string, language = 'en') {
  const account = await world.accounts.findByIdentifier('ada.byron@example.com')
  const owner =
    account ?? (await world.accounts.register({ email: 'ada.byron@example.com', name: 'Ada Byron', via: 'cli' }))
  const browser = new Browser(world.issuer)
  browser.headers['accept-language'] = language
  const page = await browser.open(`/welcome/${await world.signIn.invitations.issue('set-password', owner)}`)
  return browser.press(page, 'save', { password })
}

test('every reason is told by itself, in the reader’s language, and without script', async () => {
  const english = await choose('abcdefgh')
  assert.equal(english.status, 422)
  for (const reason of [/at least 12 characters/, /capital letter/, /a digit as well/, /a sign as well/])
    assert.match(english.text, reason)
  const german = await choose('abcdefgh', 'de')
  for (const reason of [/mindestens 12 Zeichen/, /großen Buchstaben/, /eine Ziffer/]) assert.match(german.text, reason)
  assert.equal(breaches.requests.length, 0)
})

test('ASVS 6.2.11: what is easy to guess for who knows the person is refused with the reason and advice', async () => {
  const page = await choose('Ada.Byron1815')
  assert.equal(page.status, 422)
  assert.match(page.text, /too easy to guess/)
  const own = await choose('Adabyron1234!')
  assert.match(own.text, /nothing of your name/)
  assert.match((await choose('Gatehouse123!')).text, /nothing of your name, your e-mail or this service/)
})

test('ASVS 6.2.4: a common password with a suffix is refused', async () => {
  assert.match((await choose('Sunshine2024!')).text, /Many people use this password/)
})

test('ASVS 6.2.12: a breached password is refused, and the reason told', async () => {
  const page = await choose(BREACHED)
  assert.equal(page.status, 422)
  assert.match(page.text, /known in a data breach/)
  assert.equal(breaches.requests.length, 1)
})

test('when breaches cannot be looked up the password is set, and the trail says so', async () => {
  breaches.state.manner = 'broken'
  assert.equal((await choose('Whatever 4 reasons it is')).status, 200)
  const [event] = await world.events('password.breach_unchecked')
  assert.deepEqual(event?.detail, { reason: 'status 503' })
  assert.equal((await choose(PASSWORD)).status, 200)
})

test('R-35: of nist a long sentence in small letters is fine, and twelve characters of four kinds are not', async (t) => {
  const nist = await createWorld({ env: { GATEHOUSE_SIGN_IN_PASSWORD_POLICY: 'nist' } })
  t.after(() => nist.close())
  const owner = { email: 'ada@example.com' }
  await nist.signIn.password.prepare('some words in small letters', owner)
  await assert.rejects(nist.signIn.password.prepare('Xk9!vq2#Lm7$', owner), { code: 'password.refused' })
  await assert.rejects(nist.signIn.password.prepare('aaaaaaaaaaaaaaaaaaaa', owner), { code: 'password.refused' })
})

test('R-35: where a second factor is always asked for eight characters do', async (t) => {
  const within = await createWorld({
    env: { GATEHOUSE_SIGN_IN_PASSWORD_POLICY: 'nist', GATEHOUSE_ASSURANCE_SECOND_FACTOR: 'always' },
  })
  t.after(() => within.close())
  assert.equal(within.signIn.password.rules.minLength, 8)
  await within.signIn.password.prepare('Xk9!vq2#', { email: 'ada@example.com' })
})

test('the command line holds to it as well, and says every reason', async () => {
  const said: string[] = []
  const exitCode = await runCommandLine(['account', 'create', '--email', 'cli@example.com', '--password-stdin'], {
    root: '.',
    env: {
      NODE_ENV: 'test',
      DATA_DIR: world.config.dataDir,
      MONGODB_URI: world.databaseUri,
      GATEHOUSE_SECRETS_COOKIE_KEYS: world.config.secrets.cookieKeys.join(','),
      GATEHOUSE_SECRETS_SEALING_KEYS: world.config.secrets.sealingKeys.join(','),
    },
    readInput: async () => 'abcabcabcabc\n',
    out: (line) => said.push(line),
    err: (line) => said.push(line),
  })
  assert.equal(exitCode, 1)
  for (const reason of [/upper-case letter/, /a digit/, /too easy to guess/, /Repeated character patterns/])
    assert.match(said.join('\n'), reason)
})
