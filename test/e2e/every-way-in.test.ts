import assert from 'node:assert/strict'
import { after } from 'node:test'
import { Device } from '../support/device.ts'
import { createJourneys, type Open, type Surroundings } from '../support/journey.ts'
import { readMail } from '../support/mails.ts'
import { codeSentTo } from '../support/phone.ts'
import { codeOf } from '../support/two-factor.ts'
import { asGoogle, startUpstreamProvider } from '../support/upstream-provider.ts'
import type { Visitor } from '../support/visitor.ts'
import type { World } from '../support/world.ts'

const EMAIL = 'grace@example.com'
const PASSWORD = 'A password nobody else has 1'
const NUMBER = '+4915112345678'
const ACR = 'urn:gatehouse:acr:'

const upstream = await startUpstreamProvider()
after(() => upstream.close())
upstream.person = { sub: 'grace-there', email: 'grace@elsewhere.example', email_verified: true, name: 'Grace' }

const journey = createJourneys({
  env: { ...asGoogle(upstream), GATEHOUSE_ACCOUNTS_REGISTRATION: 'open', GATEHOUSE_SMS_COUNTRIES: 'DE' },
})

/** What an ID token says of a sign-in. */
interface Said {
  readonly amr: readonly string[]
  readonly acr: string
}

/** Starts at the playground, as somebody does who tries an application. */
async function start(visitor: Visitor): Promise<void> {
  await visitor.open('/workbench/playground')
  await visitor.sees('Playground')
  await visitor.press('Sign in')
}

/** Back at the playground, which shows what the ID token says: what was proved, and when. */
async function reads(visitor: Visitor, said: Said, since: number): Promise<void> {
  await visitor.sees('What happened')
  const shown = visitor.page.getByRole('region', { name: 'ID token' })
  assert.ok(await shown.getByText('Signature is right').isVisible())
  const { amr, acr, auth_time, exp } = JSON.parse((await shown.locator('pre').first().textContent()) ?? '{}')
  assert.deepEqual({ amr, acr }, said)
  assert.ok(exp > auth_time)
  const now = Date.now() / 1000
  assert.ok(auth_time >= Math.floor(since) && auth_time <= now, `${auth_time} is between ${since} and ${now}`)
}

/** Reads the newest mail in the inbox. @returns its link */
async function openMail(world: World, visitor: Visitor, subject: RegExp): Promise<string> {
  const { link } = await readMail(world, EMAIL)
  await visitor.open('/workbench/inbox')
  await visitor.sees('Inbox')
  await visitor.page.getByRole('row', { name: EMAIL }).getByRole('link').first().click()
  await visitor.sees(subject)
  return link
}

/** Makes the account: an address, its mail, a password. */
async function register({ world, visitor }: Surroundings): Promise<void> {
  await start(visitor)
  await visitor.sees('Sign in')
  await visitor.follow('Create an account')
  await visitor.sees('Create an account')
  await visitor.type('E-mail', EMAIL)
  await visitor.press('Continue')
  await visitor.sees('Look into your mailbox')
  const link = await openMail(world, visitor, /^Confirm your e-mail address/)
  await visitor.open(link)
  await visitor.sees('Confirm your e-mail address')
  await visitor.press('Confirm')
  await visitor.sees('Choose how you sign in')
  await visitor.type('Name (optional)', 'Grace')
  await visitor.type('Password', PASSWORD)
  await visitor.press('Create the account')
  await visitor.sees(/would like to use your account/)
  await visitor.press('Allow')
}

/** Adds an authenticator app. @returns its key */
async function addApp(visitor: Visitor): Promise<string> {
  await visitor.open('/account/security/totp')
  await visitor.sees('Authenticator app')
  await visitor.press('Add an authenticator app')
  await visitor.sees('Add an authenticator app')
  const key = (await visitor.page.locator('#key').textContent()) ?? ''
  await visitor.type('The 6-digit code that the app shows now', await codeOf(key))
  await visitor.press('Add the app')
  await visitor.sees('Authenticator app')
  return key
}

/** Makes recovery codes. @returns them */
async function makeCodes(visitor: Visitor): Promise<string[]> {
  await visitor.open('/account/security/recovery-code')
  await visitor.sees('Recovery code')
  await visitor.press('Make recovery codes')
  await visitor.sees('Recovery codes')
  await visitor.press('Show the codes')
  await visitor.sees('Keep these codes')
  return ((await visitor.page.locator('#codes').textContent()) ?? '').trim().split(/\s+/)
}

async function addPhone(world: World, visitor: Visitor): Promise<void> {
  await visitor.open('/account/security/sms-code')
  await visitor.sees('Code by text message')
  await visitor.press('Add a phone')
  await visitor.sees('Add a phone')
  await visitor.type('Phone number', NUMBER)
  await visitor.press('Send the code')
  await visitor.sees('Add a phone')
  await visitor.type('6-digit code', await codeSentTo(world, NUMBER))
  await visitor.press('Add the phone')
  await visitor.sees('Code by text message')
}

async function connectGoogle(visitor: Visitor): Promise<void> {
  await visitor.open('/account/security/upstream')
  await visitor.sees('Account elsewhere')
  await visitor.press('Connect Google')
  await visitor.sees('Account elsewhere')
  assert.ok(await visitor.page.getByRole('heading', { name: /^Google/ }).isVisible())
}

async function addPasskey(visitor: Visitor): Promise<Device> {
  const device = await Device.open(visitor)
  await visitor.open('/account/security/passkey')
  await visitor.sees('Passkey')
  await visitor.press('Add a passkey')
  await visitor.sees('Add a passkey')
  await visitor.press('Create the passkey')
  await visitor.sees('Passkey')
  return device
}

/** From the playground to the page that asks for the password. */
async function identify(visitor: Visitor): Promise<void> {
  await start(visitor)
  await visitor.sees('Sign in')
  await visitor.type('E-mail', EMAIL)
  await visitor.press('Continue')
  await visitor.sees('Enter your password')
}

async function giveFirst(visitor: Visitor): Promise<void> {
  await identify(visitor)
  await visitor.type('Password', PASSWORD)
  await visitor.press('Sign in')
}

/** Chooses among the second steps, of which the passkey comes first. */
async function chooseSecond(visitor: Visitor, way: string): Promise<void> {
  await visitor.sees('Use a passkey')
  await visitor.press('Use another way to sign in')
  await visitor.sees('How would you like to prove that it is you?')
  await visitor.press(way)
}

async function giveRecoveryCode(visitor: Visitor, code = ''): Promise<void> {
  await chooseSecond(visitor, 'Recovery code')
  await visitor.sees('Use a recovery code')
  await visitor.type('Recovery code', code)
  await visitor.press('Continue')
}

/** Asks for a link instead of giving the password. */
async function askForLink(visitor: Visitor): Promise<void> {
  await identify(visitor)
  await visitor.press('Use another way to sign in')
  await visitor.sees('How would you like to sign in?')
  await visitor.press('E-mail me a link')
  await visitor.sees('Look in your mailbox')
}

/** Everything that somebody keeps who has an account with all there is. */
interface Kept {
  readonly world: World
  readonly key: string
  readonly codes: readonly string[]
  readonly open: Open
}

/** The ways in that need no script. What each is said to have proved. */
const ways: Readonly<Record<string, { go: (visitor: Visitor, kept: Kept) => Promise<void>; said: Said }>> = {
  'a password and a code from the app': {
    said: { amr: ['pwd', 'otp', 'mfa'], acr: `${ACR}two-factor` },
    async go(visitor, { key }) {
      await giveFirst(visitor)
      await chooseSecond(visitor, 'Authenticator app')
      await visitor.sees('Enter the code from your app')
      await visitor.type('6-digit code', await codeOf(key, 1))
      await visitor.press('Continue')
    },
  },
  'a password and a recovery code': {
    said: { amr: ['pwd', 'otp', 'mfa'], acr: `${ACR}two-factor` },
    async go(visitor, { codes }) {
      await giveFirst(visitor)
      await giveRecoveryCode(visitor, codes[0])
    },
  },
  'a password and a code by text message': {
    said: { amr: ['pwd', 'sms', 'mfa'], acr: `${ACR}two-factor` },
    async go(visitor, { world }) {
      await giveFirst(visitor)
      await chooseSecond(visitor, 'Code by text message')
      await visitor.sees('Enter the code from your phone')
      await visitor.type('6-digit code', await codeSentTo(world, NUMBER))
      await visitor.press('Continue')
    },
  },
  'a link opened in the same browser, and a recovery code': {
    said: { amr: ['mca', 'otp', 'mfa'], acr: `${ACR}two-factor` },
    async go(visitor, { world, codes }) {
      await askForLink(visitor)
      const link = await openMail(world, visitor, /link/i)
      await visitor.open(link)
      await visitor.sees('Sign in to Gatehouse?')
      await visitor.press('Sign in')
      await visitor.sees('Finish signing in')
      await visitor.press('Continue signing in')
      await giveRecoveryCode(visitor, codes[1])
    },
  },
  'a link opened on another device by its code, and a recovery code': {
    said: { amr: ['mca', 'otp', 'mfa'], acr: `${ACR}two-factor` },
    async go(visitor, { world, codes, open }) {
      await askForLink(visitor)
      const phone = await open({ hasScript: false })
      const link = await openMail(world, phone, /link/i)
      await phone.open(link)
      await phone.sees('Sign in to Gatehouse?')
      await phone.press('Sign in')
      await phone.sees('Type this code where you started')
      const code = (await phone.page.getByText(/^\d{6}$/).textContent()) ?? ''
      await visitor.type('Code from the link', code)
      await visitor.press('Continue')
      await giveRecoveryCode(visitor, codes[2])
    },
  },
  'an account elsewhere, and a recovery code': {
    said: { amr: ['fed', 'otp', 'mfa'], acr: `${ACR}two-factor` },
    async go(visitor, { codes }) {
      await start(visitor)
      await visitor.sees('Sign in')
      await visitor.press('Continue with Google')
      await giveRecoveryCode(visitor, codes[3])
    },
  },
}

/** What the journey comes across. */
const KINDS = [
  'password',
  'form token',
  'interaction',
  'cookie gatehouse.interaction',
  'cookie gatehouse.session',
  'one-time link',
  'mailed link',
  'mailed code',
  'typed code',
  'text-message code',
  'TOTP key',
  'recovery code',
  'passkey challenge',
  'passkey signature',
  'code elsewhere',
  'code verifier',
  'configured upstream.google.clientSecret',
  'token elsewhere',
  'authorization code',
  'opaque access token',
  'ID token',
]

const both = { amr: ['pop', 'user', 'mfa'], acr: `${ACR}phishing-resistant` }

journey('a new person makes an account, adds all there is, and gets in by each of it', async (surroundings) => {
  const { t, world, visitor, open } = surroundings
  visitor.secrets.expect(KINDS)
  const began = Date.now() / 1000
  await register(surroundings)
  await t.test('the password alone, before there is more', () =>
    reads(visitor, { amr: ['pwd'], acr: `${ACR}one-factor` }, began),
  )
  const key = await addApp(visitor)
  const codes = await makeCodes(visitor)
  await addPhone(world, visitor)
  await connectGoogle(visitor)
  const device = await addPasskey(visitor)
  await visitor.signOut()

  await t.test('a passkey that the browser fills in', async () => {
    const since = Date.now() / 1000
    await start(visitor)
    await reads(visitor, both, since)
    await visitor.signOut()
  })
  await t.test('a passkey by button', async () => {
    const since = Date.now() / 1000
    const find = await device.lose()
    await start(visitor)
    await visitor.sees('Sign in')
    await find()
    await visitor.press('Sign in with a passkey')
    await reads(visitor, both, since)
    await visitor.signOut()
  })
  for (const [title, { go, said }] of Object.entries(ways)) {
    await t.test(`without script: ${title}`, async () => {
      const other = await open({ hasScript: false })
      const since = Date.now() / 1000
      await go(other, { world, key, codes, open })
      await reads(other, said, since)
      await other.signOut()
    })
  }
  visitor.secrets.keep('token elsewhere', ...upstream.issued)
})
