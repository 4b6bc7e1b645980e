import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, type Page } from '../support/browser.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const HOME = '/workbench/playground'

let world: World
before(async () => {
  world = await createWorld()
  await world.addAccount('ada@example.com', { roles: ['user'] })
})
after(() => world.close())

/** Starts a run with these fields of the form, on top of what is ticked at first. */
async function start(browser: Browser, fields: Record<string, string> = {}): Promise<Page> {
  const page = await browser.open(HOME)
  const wishes = {
    client_id: 'playground',
    'scope.openid': 'on',
    'scope.profile': 'on',
    'scope.email': 'on',
    ...fields,
  }
  const { csrf = '' } = page.forms[0]?.fields ?? {}
  return browser.follow(await browser.post(`${HOME}/start`, { csrf, ...wishes }))
}

async function signIn(browser: Browser, page: Page): Promise<Page> {
  const asked = await browser.press(page, 'continue', { identifier: 'ada@example.com' })
  const proved = await browser.press(asked, 'sign-in', { password: PASSWORD })
  return proved.forms.some(({ actions }) => actions.includes('allow')) ? browser.press(proved, 'allow') : proved
}

test('a person signs in and sees tokens, claims with checked signatures, and every request', async () => {
  const browser = new Browser(world.issuer)
  const run = await signIn(browser, await start(browser, { 'scope.offline_access': 'on', prompt: 'consent' }))
  assert.equal(run.url.pathname, `${HOME}/run`)
  assert.equal(run.status, 200)
  assert.match(
    run.text,
    /"email": "ada@example\.com"|&quot;email&quot;: &quot;ada@example\.com&quot;|"amr"|&quot;amr&quot;/,
  )
  for (const [action, shown] of [
    ['userinfo', /\/me\b/],
    ['introspect', /introspection/],
    ['refresh', /refresh_token/],
    ['revoke', /revocation/],
  ] as const) {
    const after = await browser.press(run, action)
    assert.equal(after.status, 200, action)
    assert.match(after.text, shown, action)
  }
  const ended = await browser.press(run, 'refresh')
  assert.match(ended.text, /invalid_grant/)
})

test('a client with a secret is told about its tokens; one without is told nothing, and the page says why', async () => {
  const { client_id, client_secret = '' } = await world.addClient({
    redirect_uris: [`${world.issuer}${HOME}/callback`],
    token_endpoint_auth_method: 'client_secret_basic',
  })
  for (const [fields, isTold] of [
    [{ client_id, client_secret }, true],
    [{}, false],
  ] as const) {
    const browser = new Browser(world.issuer)
    const run = await signIn(browser, await start(browser, fields))
    const { text } = await browser.press(run, 'introspect')
    assert.equal(/&quot;active&quot;: true/.test(text.replace(/<[^>]+>/g, '')), isTold)
    assert.equal(text.includes('This client has no secret'), !isTold)
  }
})

test('signing out from the playground ends the session', async () => {
  const browser = new Browser(world.issuer)
  const run = await signIn(browser, await start(browser))
  const confirm = await browser.press(run, 'sign-out')
  const [form] = confirm.forms
  const left = await browser.follow(await browser.post(form?.action ?? '', { ...form?.fields, logout: 'yes' }))
  assert.equal(left.url.pathname, HOME)
  const again = await start(browser, { prompt: 'none' })
  assert.match(again.text, /login_required/)
})

test('permissions of an API give a token for it, and the page tells which of them the roles allow', async () => {
  const browser = new Browser(world.issuer)
  const api = 'https://demo-api.example'
  const fields = { [`permission.${api}.read:posts`]: 'on', [`permission.${api}.delete:posts`]: 'on' }
  const run = await signIn(browser, await start(browser, fields))
  assert.match(run.text, /https:\/\/demo-api\.example/)
  assert.match(run.text, /at\+jwt/)
  const rows = [...run.text.matchAll(/<code>([a-z]+:[a-z]+)<\/code><\/p><\/div><span class="tag[^"]*">([^<]+)</g)]
  const told = Object.fromEntries(rows.map(([, name = '', is]) => [name, is]))
  assert.deepEqual(
    [told['read:posts'], told['delete:posts'], told['write:posts']],
    ['granted', 'not granted', 'not granted'],
  )
})

test('a token is for one API', async () => {
  const browser = new Browser(world.issuer)
  const ticked = {
    'permission.https://demo-api.example.read:posts': 'on',
    [`permission.${world.issuer}/api.read:keys`]: 'on',
  }
  const run = await signIn(browser, await start(browser, { ...ticked, resource: 'https://demo-api.example' }))
  assert.match(run.text, /https:\/\/demo-api\.example/)
  assert.doesNotMatch(run.text, /read:keys/)
})

test('the answer may come back as a form', async () => {
  const browser = new Browser(world.issuer)
  const form = await signIn(browser, await start(browser, { response_mode: 'form_post' }))
  const [sent] = form.forms
  assert.equal(sent?.action, `${world.issuer}${HOME}/callback`)
  const run = await browser.follow(await browser.post(sent?.action ?? '', { ...sent?.fields }))
  assert.equal(run.url.pathname, `${HOME}/run`)
  assert.match(run.text, /form_post/)
})

test('a run that another browser started is not shown', async () => {
  const [ada, other] = [new Browser(world.issuer), new Browser(world.issuer)]
  await signIn(ada, await start(ada))
  assert.equal((await other.open(`${HOME}/run`)).url.pathname, HOME)
})

test('what the form cannot have sent is refused', async () => {
  const browser = new Browser(world.issuer)
  assert.equal((await start(browser, { client_id: 'nothing' })).status, 400)
  assert.equal((await start(browser, { csrf: 'forged' })).status, 403)
  const run = await signIn(browser, await start(browser))
  const { csrf = '' } = run.forms.find(({ fields }) => 'csrf' in fields)?.fields ?? {}
  assert.equal((await browser.post(`${HOME}/act`, { csrf, action: 'nonsense' })).status, 400)
  assert.equal((await browser.post(`${HOME}/act`, { csrf: 'forged', action: 'refresh' })).status, 403)
})

test('parameters that the provider refuses come back as its error', async () => {
  const browser = new Browser(world.issuer)
  for (const [field, value, error] of [
    ['max_age', 'soon', /invalid_request/],
    ['acr_values', 'x'.repeat(3000), /./],
    ['response_mode', 'nonsense', /unsupported_response_mode|invalid_request/],
  ] as const) {
    const page = await start(browser, { [field]: value })
    assert.ok(page.status < 500, field)
    assert.match(page.text, error, field)
  }
})

test('a mail is shown as it looks, alone in its frame', async () => {
  const browser = new Browser(world.issuer)
  const link = `/welcome/${await world.signIn.invitations.issueFirstAdministrator()}`
  const page = await browser.open(link)
  const name = '<img src=x onerror=alert(1)>'
  const fields = { identifier: 'mail@example.com', name, password: 'A password of my own, 1st!' }
  await browser.post('/welcome', { ...page.forms[0]?.fields, ...fields })
  const inbox = await browser.open('/workbench/inbox')
  const [, path = ''] = /href="(\/workbench\/inbox\/[0-9a-f]{24})"/.exec(inbox.text) ?? []
  assert.match((await browser.open(path)).text, /<iframe[^>]* sandbox/)
  const mail = await browser.open(`${path}/html`)
  assert.equal(mail.status, 200)
  assert.doesNotMatch(mail.text, /<img src=x/)
  for (const odd of ['x', '0'.repeat(24), '%00']) {
    assert.equal((await browser.open(`/workbench/inbox/${odd}`)).status, 404, odd)
  }
})
