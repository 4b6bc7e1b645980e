import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchChromium, whyNoBrowser } from './chromium.ts'
import { openVisitor, type Visitor, type VisitorOptions } from './visitor.ts'
import { createWorld, PASSWORD, type World, type WorldOptions } from './world.ts'

/** Who walks: Ada has an account in every world. */
export const ADA = 'ada@example.com'

/** What somebody walks through. */
export interface Surroundings {
  readonly t: TestContext
  readonly world: World
  readonly visitor: Visitor
}

/** A test in which somebody walks through the program. */
export type Journey = (title: string, walk: (surroundings: Surroundings) => Promise<void>) => void

/**
 * Journeys through one world and one Chromium, each with a profile of its own. After each, neither the log nor the
 * database shows a secret that the visitor came across.
 */
export function createJourneys(options: WorldOptions & VisitorOptions = {}): Journey {
  let world: World
  let browser: Browser
  if (!whyNoBrowser) {
    before(async () => {
      browser = await launchChromium()
      world = await createWorld({ ...options, env: { GATEHOUSE_LOG_LEVEL: 'trace', ...options.env } })
      await world.addAccount(ADA, { roles: ['user'] })
    })
    after(async () => {
      await browser?.close()
      await world?.close()
    })
  }
  return (title, walk) => {
    test(title, { skip: whyNoBrowser }, async (t) => {
      const visitor = await openVisitor(t, browser, world.issuer, options)
      visitor.secrets.keep('password', PASSWORD)
      await walk({ t, world, visitor })
      const { log, connection } = world
      assert.deepEqual(await visitor.secrets.findIn({ log: log.join(''), connection }), [])
    })
  }
}
