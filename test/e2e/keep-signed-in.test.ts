import assert from 'node:assert/strict'
import { ADA, createJourneys } from '../support/journey.ts'
import { PASSWORD } from '../support/world.ts'

const DAY_SECONDS = 86_400

for (const hasScript of [true, false]) {
  const journey = createJourneys({ hasScript })

  journey(`somebody stays signed in ${hasScript ? 'with' : 'without'} script`, async ({ visitor }) => {
    const { page } = visitor
    const expiry = async () => {
      const cookies = await page.context().cookies()
      return cookies.find(({ name }) => name === 'gatehouse.session')?.expires ?? 0
    }
    await visitor.open('/account')
    await visitor.signIn(ADA, PASSWORD)
    await visitor.sees('Hello, Ada Byron')
    assert.equal(await expiry(), -1, 'gone with the browser')

    await visitor.open('/session/end')
    await visitor.press('Sign out')
    await visitor.open('/account')
    await visitor.sees('Sign in')
    await visitor.type('E-mail', ADA)
    await visitor.press('Continue')
    await visitor.sees('Enter your password')
    await visitor.type('Password', PASSWORD)
    await page.getByLabel('Keep me signed in').check()
    await visitor.press('Sign in')
    await visitor.sees('Hello, Ada Byron')
    const days = ((await expiry()) - Date.now() / 1000) / DAY_SECONDS
    assert.ok(days > 13 && days < 15, `${days} days`)
  })
}
