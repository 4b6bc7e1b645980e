import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { startOtherApp } from '../support/other-app.ts'
import { PASSWORD } from '../support/world.ts'

const BOB = 'bob@example.com'

for (const hasScript of [true, false]) {
  const journey = createJourneys({ hasScript })

  journey(`two accounts in one browser ${hasScript ? 'with' : 'without'} script`, async ({ t, world, visitor }) => {
    await world.addAccount(BOB)
    const app = await startOtherApp(t, world, { first_party: true })
    const { page } = visitor
    await visitor.open('/account')
    await visitor.signIn(ADA, PASSWORD)
    await visitor.sees('Hello, Ada Byron')
    await visitor.follow('Use another account')
    await visitor.sees('Choose an account')
    await visitor.press('Use another account')
    await visitor.signIn(BOB, PASSWORD)
    await visitor.sees('Hello, Ada Byron')
    assert.ok(await page.getByText(BOB).first().isVisible())

    await visitor.open(app.requestUrl({ prompt: 'select_account' }))
    await visitor.sees('Choose an account')
    await visitor.press(`Ada Byron ${ADA} Signed out`)
    await visitor.sees('Enter your password')
    await visitor.press('Not you?')
    await visitor.sees('Sign in')
    await visitor.follow('Choose an account')
    await visitor.sees('Choose an account')
    await visitor.press(`Ada Byron ${BOB} Signed in`)
    await visitor.sees('Back at the app')
    assert.ok(app.received().code)

    await visitor.open(app.requestUrl({ prompt: 'select_account' }))
    await visitor.press(`Remove from this browser ${ADA}`)
    await visitor.sees('Choose an account')
    assert.equal(await page.getByText(ADA).count(), 0)
    // By the keyboard alone.
    const signedIn = page.getByRole('button', { name: `Ada Byron ${BOB} Signed in` })
    await signedIn.focus()
    await visitor.pressKey('Enter')
    await visitor.sees('Back at the app')
  })
}
