import assert from 'node:assert/strict'
import { after, before, beforeEach, mock, test } from 'node:test'
import type { Page } from '../support/browser.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, PASSWORD, type World } from '../support/world.ts'

const DAY = 24 * 60 * 60_000

let world: World
before(async () => {
  world = await createWorld({ env: { GATEHOUSE_ACCOUNTS_REGISTRATION: 'invited' } })
})
after(() => world.close())
beforeEach(async () => {
  mock.timers.reset()
  await world.connection.collection('rate_limits').deleteMany({})
})

const { invite, withdraw, list } = {
  invite: (email: string, roles: string[] = []) => world.registration.invitations.invite({ email, roles }),
  withdraw: (email: string) => world.registration.invitations.withdraw(email),
  list: () => world.registration.invitations.list(),
}

/** Somebody who asks for an account with this address. */
async function ask(email: string) {
  const rp = await RelyingParty.create(world)
  const { browser } = rp
  const front = await browser.open((await rp.start()).url)
  const page = await browser.press(await browser.open(`${front.url.pathname}/register`), 'send', { identifier: email })
  return { browser, page }
}

const codeFor = async (email: string) => /^(\d{6})$/m.exec((await world.mails(email))[0]?.text ?? '')?.[1] ?? ''
const neutral = ({ text, url }: Page, email: string) =>
  text
    .replaceAll(email, '')
    .replaceAll(url.pathname.split('/')[2] ?? '', '')
    .replaceAll(/(nonce|value|href)="[^"]*"/g, '')

test('whoever is invited gets a mail, makes an account, and has the roles that came with it', async () => {
  await invite('Guest@example.com', ['support'])
  const [mail] = await world.mails('Guest@example.com')
  assert.match(mail?.subject ?? '', /invited/)
  const { browser, page } = await ask('guest@example.com')
  const chosen = await browser.press(page, 'confirm', { code: await codeFor('guest@example.com') })
  await browser.send(chosen, 'create', { password: PASSWORD })
  const account = await world.accounts.findByIdentifier('guest@example.com')
  assert.deepEqual(account?.roles, ['user', 'support'])
  assert.deepEqual(await list(), [], 'it is used')
})

test('whoever is not invited sees the same, gets no mail, and no code helps', async () => {
  await invite('friend@example.com')
  const stranger = await ask('stranger@example.com')
  const friend = await ask('friend@example.com')
  assert.equal(stranger.page.status, friend.page.status)
  assert.equal(neutral(stranger.page, 'stranger@example.com'), neutral(friend.page, 'friend@example.com'))
  assert.deepEqual(await world.mails('stranger@example.com'), [])
  const guess = await stranger.browser.press(stranger.page, 'confirm', { code: '000000' })
  assert.equal(guess.status, 422)
})

test('an invitation ends after a week, or when it is withdrawn, even half way', async () => {
  await invite('late@example.com')
  await invite('unwanted@example.com')
  const { browser, page } = await ask('unwanted@example.com')
  const chosen = await browser.press(page, 'confirm', { code: await codeFor('unwanted@example.com') })
  assert.equal(await withdraw('Unwanted@example.com'), true)
  assert.equal(await withdraw('unwanted@example.com'), false)
  assert.equal((await browser.press(chosen, 'create', { password: PASSWORD })).status, 410)
  assert.equal(await world.accounts.findByIdentifier('unwanted@example.com'), undefined)

  mock.timers.enable({ apis: ['Date'], now: Date.now() + 8 * DAY })
  assert.deepEqual(
    (await list()).filter(({ email }) => email === 'late@example.com'),
    [],
  )
  await ask('late@example.com')
  assert.equal(await codeFor('late@example.com'), '')
})

test('nobody is invited who has an account, to a role that there is not, or where nobody may come', async (t) => {
  await world.addAccount('here@example.com')
  await assert.rejects(invite('Here@example.com'), { code: 'account.exists' })
  await assert.rejects(invite('nonsense'), { code: 'account.identifier_invalid' })
  await assert.rejects(invite('king@example.com', ['king']), { status: 422 })
  const closed = await createWorld()
  t.after(() => closed.close())
  const { invitations } = closed.registration
  await assert.rejects(invitations.invite({ email: 'a@example.com' }), { code: 'registration.closed' })
})
