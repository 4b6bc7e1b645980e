import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RelyingParty } from '../support/relying-party.ts'
import { scratchFolder } from '../support/scratch.ts'
import { RIDDLE, toyMethod } from '../support/toy-method/index.ts'
import { createWorld } from '../support/world.ts'

const EMAIL = 'ada@example.com'

test('another way to sign in is a folder, a template and a line: it is offered, counted, told to the trail and to apps', async (t) => {
  const root = scratchFolder(t)
  for (const folder of ['views', 'config']) cpSync(folder, join(root, folder), { recursive: true })
  cpSync('test/support/toy-method/riddle.eta', join(root, 'views/sign-in/riddle.eta'))
  const world = await createWorld({ root, extraMethods: [toyMethod] })
  t.after(() => world.close())
  await world.addAccount(EMAIL)
  const rp = await RelyingParty.create(world, { first_party: true })
  const { browser } = rp
  const started = await rp.start()
  const password = await browser.press(await browser.open(started.url), 'continue', { identifier: EMAIL })

  const ways = await browser.press(password, 'choose')
  const offered = ways.forms.find(({ fields }) => fields.method === 'riddle')
  assert.ok(offered)
  const asked = await browser.follow(await browser.post(offered.action, { ...offered.fields, action: 'use' }))
  assert.match(asked.text, new RegExp(RIDDLE.question.replace('?', '\\?')))
  const wrong = await browser.press(asked, 'sign-in', { answer: 'a cat' })
  assert.match(wrong.text, /role="alert"/)
  const [refused] = await world.events('sign_in.failed')
  assert.deepEqual([refused?.detail.method, refused?.detail.reason], ['riddle', 'wrong_answer'])

  const tokens = await rp.redeem(await browser.press(wrong, 'sign-in', { answer: RIDDLE.answer }), started)
  assert.deepEqual(tokens.claims()?.amr, ['kba'])
  const [proved] = await world.events('sign_in.proved')
  assert.equal(proved?.detail.method, 'riddle')
  // Twice the same thing is not two.
  const strict = await RelyingParty.create(world, { minimum_acr: 'urn:gatehouse:acr:two-factor' })
  const next = await browser.open((await strict.start()).url)
  assert.equal(next.status, 200)
  assert.doesNotMatch(next.text, /Solve the riddle|name="password"/)
})
