import assert from 'node:assert/strict'
import { after } from 'node:test'
import { ADA, createJourneys, type Surroundings } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { asGoogle, startUpstreamProvider } from '../support/upstream-provider.ts'
import { PASSWORD } from '../support/world.ts'

const upstream = await startUpstreamProvider()
after(() => upstream.close())

const env = { ...asGoogle(upstream), GATEHOUSE_ACCOUNTS_REGISTRATION: 'open' }
const withScript = createJourneys({ env })
const withoutScript = createJourneys({ env, hasScript: false })

const EVE = 'eve@elsewhere.example'

/** Makes an account by way of the other provider, and is known the next time. */
async function signUpAndIn(surroundings: Surroundings) {
  const { t, world, visitor } = surroundings
  upstream.person = { sub: 'eve-there', email: EVE, email_verified: true, name: 'Eve Turing' }
  const app = await startOtherApp(t, world, { first_party: true })
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  upstream.manner = 'access denied'
  await visitor.press('Continue with Google')
  upstream.manner = 'good'
  await visitor.sees('Sign in')
  assert.match((await visitor.page.getByRole('alert').textContent()) ?? '', /came back without signing in/)
  await visitor.press('Continue with Google')
  await visitor.sees('Create an account')
  assert.equal(await visitor.page.getByLabel('Name (optional)').inputValue(), 'Eve Turing')
  await visitor.press('Create the account')
  await visitor.sees('Back at the app')
  assert.ok(app.received().code)

  await visitor.signOut()
  await visitor.open(app.requestUrl())
  await visitor.sees('Sign in')
  await visitor.press('Continue with Google Last used')
  await visitor.sees('Back at the app')
  await visitor.signOut()
}

/** Somebody whose address is known here proves the account, and is asked before the two are connected. */
async function proveAndConnect(surroundings: Surroundings) {
  const { visitor } = surroundings
  upstream.person = { sub: 'ada-there', email: ADA, email_verified: true, name: 'Ada Byron' }
  // Somebody else uses this browser now, and is signed in over there.
  await visitor.page.context().clearCookies({ domain: new URL(upstream.issuer).hostname })
  await visitor.open('/account')
  await visitor.sees('Sign in')
  await visitor.press('Continue with Google Last used')
  await visitor.sees('You have an account already')
  await visitor.press('Sign in and connect')
  await visitor.sees('Enter your password')
  await visitor.type('Password', PASSWORD)
  await visitor.press('Sign in')
  await visitor.sees('Connect Google?')
  await visitor.press('Not now')
  await visitor.sees('Hello, Ada Byron')
}

/** Connects it on the account page, and disconnects it. */
async function connectAndDisconnect({ visitor }: Surroundings) {
  await visitor.open('/account/security/upstream')
  await visitor.sees('Account elsewhere')
  await visitor.press('Connect Google')
  await visitor.sees('Account elsewhere')
  const name = `Google (${ADA})`
  assert.ok(await visitor.page.getByRole('heading', { name }).isVisible())
  await visitor.follow('Remove')
  await visitor.sees(`Remove ${name}?`)
  await visitor.press('Remove it')
  await visitor.sees('Account elsewhere')
  assert.equal(await visitor.page.getByRole('heading', { name }).count(), 0)
}

const walk = async (surroundings: Surroundings) => {
  await signUpAndIn(surroundings)
  await proveAndConnect(surroundings)
  await connectAndDisconnect(surroundings)
  const { secrets } = surroundings.visitor
  secrets.keep('token elsewhere', ...upstream.issued)
  secrets.expect(['token elsewhere', 'code elsewhere', 'configured upstream.google.clientSecret'])
}

withScript('an account is made, signed in to, connected and disconnected by way of another provider', walk)
withoutScript('without script: all of it by way of another provider', walk)
