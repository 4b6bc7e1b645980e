import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launchChromium, whyNoBrowser } from '../support/chromium.ts'
import { openTestDatabase, testServer } from '../support/database.ts'
import { walkOn } from '../support/journey.ts'
import { startProgram } from '../support/program.ts'
import { SeenSecrets } from '../support/secrets.ts'
import type { Visitor } from '../support/visitor.ts'
import { findFreePort } from '../support/world.ts'

const EMAIL = 'grace@example.com'
const CHOSEN = 'A password nobody else has 1'

/** From the link to a sign-in, every action of the playground, and the sign-out. */
async function walk(visitor: Visitor, link: string): Promise<void> {
  const { page } = visitor
  await visitor.open(link)
  await visitor.sees('Welcome to Gatehouse')
  await visitor.type('E-mail', EMAIL)
  await visitor.type('Name (optional)', 'Grace')
  await visitor.type('Password', 'too short')
  await visitor.press('Create the account')
  await visitor.sees('Welcome to Gatehouse')
  assert.match((await page.getByRole('alert').textContent()) ?? '', /at least 12 characters/)
  await visitor.type('Password', CHOSEN)
  await visitor.press('Create the account')
  await visitor.sees('All set')
  await visitor.follow('Try it in the playground')

  await visitor.sees('Playground')
  await page.getByLabel('offline_access').check()
  await visitor.press('Sign in')
  await visitor.signIn(EMAIL, CHOSEN)
  await visitor.sees('Playground would like to use your account')
  for (const wish of ['See your name', 'See your e-mail address', 'Stay connected while you are away'])
    assert.ok(await page.getByText(wish).isVisible(), wish)
  await visitor.press('Allow')

  await visitor.sees('What happened')
  const idToken = page.getByRole('region', { name: 'ID token' })
  assert.ok(await idToken.getByText('Signature is right').isVisible())
  assert.equal(await idToken.locator('.checks .good').count(), 5)
  assert.equal(await idToken.locator('.checks .bad').count(), 0)
  assert.ok(await idToken.getByText(`"iss": "${visitor.issuer}"`).isVisible())
  assert.ok(await page.getByRole('region', { name: 'Refresh token' }).isVisible())
  const latest = page.locator('details[open] pre').last()
  for (const [action, answer] of [
    ['Ask userinfo', `"email": "${EMAIL}"`],
    // The playground's own client has no secret: it is told nothing, and the page says why.
    ['Introspect', '"active": false'],
    ['Introspect', 'This client has no secret and proves nothing about itself'],
    ['Refresh', '"access_token"'],
    ['Revoke', 'Revocation request'],
    ['Refresh', '"invalid_grant"'],
  ] as const) {
    await visitor.press(action)
    await visitor.sees('What happened')
    if (answer.startsWith('"')) assert.ok((await latest.textContent())?.includes(answer), `${action}: ${answer}`)
    else assert.ok(await page.getByText(answer).isVisible(), action)
  }
  await visitor.press('Sign out')
  await page.waitForURL(/\/workbench\/playground$/)
  await visitor.sees('Playground')
  await page.getByText('More parameters').click()
  await page.getByLabel('prompt').selectOption('none')
  await visitor.press('Sign in')
  await visitor.sees('What happened')
  assert.match((await page.getByRole('alert').textContent()) ?? '', /login_required/)
}

test('from the link at the console to tokens in the playground, and out again', { skip: whyNoBrowser }, async (t) => {
  const database = await openTestDatabase()
  t.after(() => database.close())
  const secrets = new SeenSecrets()
  const program = startProgram(t, {
    PORT: String(await findFreePort()),
    DATA_DIR: testServer.dataDir,
    MONGODB_URI: database.uri,
    GATEHOUSE_LOG_LEVEL: 'trace',
  })
  const [, link = ''] = await program.says(/First administrator +(\S+)\s/)
  await program.says(/Inbox +\S+/)
  const browser = await launchChromium()
  t.after(() => browser.close())
  const { origin: issuer } = new URL(link)
  secrets.expect([
    'one-time link',
    'password',
    'form token',
    'cookie gatehouse.session',
    'cookie gatehouse.interaction',
    'interaction',
    'authorization code',
    'opaque access token',
    'refresh token',
    'ID token',
  ])
  const { connection } = database
  // The one-time link is told to whoever runs the program, and to nobody else: once.
  const readLog = () => program.output().replace(link, '')
  await walkOn(t, { browser, issuer, connection, readLog, secrets }, async (open) => walk(await open(), link))
  program.child.kill('SIGTERM')
  assert.equal(await program.ended, 0)
})
