import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { codeOf } from '../support/two-factor.ts'
import { PASSWORD } from '../support/world.ts'

for (const hasScript of [true, false]) {
  const journey = createJourneys({ hasScript })

  journey(`a browser is trusted ${hasScript ? 'with' : 'without'} script, and no more`, async ({ t, visitor }) => {
    const { page } = visitor
    visitor.secrets.expect(['TOTP key', 'typed code', 'cookie gatehouse.device'])
    const signOut = async () => {
      await visitor.open('/session/end')
      await visitor.press('Sign out')
    }
    const signIn = async () => {
      await visitor.open('/account/devices')
      await visitor.signIn(ADA, PASSWORD)
    }
    await visitor.open('/account/security/totp')
    await visitor.signIn(ADA, PASSWORD)
    await visitor.press('Add an authenticator app')
    const key = (await page.locator('#key').textContent()) ?? ''
    await visitor.type('The 6-digit code that the app shows now', await codeOf(key))
    await visitor.press('Add the app')
    await signOut()

    await signIn()
    await visitor.sees('Enter the code from your app')
    // The next one, which is good already: whenever a step ends meanwhile, both are.
    await visitor.type('6-digit code', await codeOf(key, 1))
    await page.getByLabel('Do not ask for a second step in this browser').check()
    await visitor.press('Continue')
    await visitor.sees('Trusted browsers')
    assert.ok(await page.getByRole('heading', { level: 2, name: 'Chrome, Linux' }).isVisible())
    await signOut()

    await signIn()
    await visitor.sees('Trusted browsers')
    await visitor.press('Stop trusting Chrome, Linux')
    // Taking it back is a change: the second step is asked for once more, by the next code.
    await visitor.sees('Enter the code from your app')
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    t.mock.timers.tick(30_000)
    await visitor.type('6-digit code', await codeOf(key, 1))
    await visitor.press('Continue')
    await visitor.sees('Trusted browsers')
    await visitor.press('Stop trusting Chrome, Linux')
    await visitor.sees('Trusted browsers')
    assert.ok(await page.getByText('No browser is trusted.').isVisible())
    await signOut()

    await signIn()
    await visitor.sees('Enter the code from your app')
  })
}
