import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { PASSWORD } from '../support/world.ts'

const journey = createJourneys()

journey('a mail is read in the inbox as it looks', async ({ world, visitor }) => {
  const { page } = visitor
  await visitor.open('/workbench/inbox')
  await visitor.sees('Inbox')
  await visitor.open(`/welcome/${await world.signIn.invitations.issueFirstAdministrator()}`)
  await visitor.sees('Welcome to Gatehouse')
  await visitor.type('E-mail', 'grace@example.com')
  await visitor.type('Password', 'A password nobody has but 1')
  await visitor.press('Create the account')
  await visitor.sees('All set')
  await visitor.open('/workbench/inbox')
  await visitor.sees('Inbox')
  await page.getByRole('row', { name: 'grace@example.com' }).getByRole('link').click()
  await visitor.sees('A password was set for your Gatehouse account')
  const mail = page.frameLocator('iframe')
  await mail.getByRole('heading', { name: 'A password was set for your account' }).waitFor()
  assert.equal(await page.locator('iframe').getAttribute('sandbox'), '')
})

journey('a confidential client gets a token for an API, by form', async ({ world, visitor }) => {
  const { page } = visitor
  visitor.secrets.expect(['client secret', 'authorization code', 'JWT access token', 'ID token'])
  const { client_secret = '' } = await world.addClient({
    client_name: 'A shop with quite a long name that goes on and on',
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [`${world.issuer}/workbench/playground/callback`],
    post_logout_redirect_uris: [`${world.issuer}/workbench/playground`],
  })
  await visitor.open('/workbench/playground')
  await visitor.sees('Playground')
  await page.getByLabel('Client', { exact: true }).selectOption({ index: 1 })
  await visitor.type('client_secret', client_secret)
  await page.getByText('More parameters').click()
  await page.getByLabel('resource').selectOption('Demo API')
  await page.getByLabel('read:posts').check()
  await page.getByLabel('response_mode').selectOption('form_post')
  await visitor.sees('Playground')
  await visitor.press('Sign in')
  await visitor.signIn(ADA, PASSWORD)
  await visitor.sees(/A shop with quite a long name/)
  assert.ok(await page.getByText('Read posts').isVisible())
  await visitor.press('Allow')
  await page.waitForURL(/\/playground\/run$/)
  await visitor.sees('What happened')
  const accessToken = page.getByRole('region', { name: 'Access token' })
  assert.ok(await accessToken.getByText('Signature is right').isVisible())
  assert.ok(await accessToken.getByText('"scope": "read:posts"').isVisible())
})
