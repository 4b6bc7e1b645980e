import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Connection } from 'mongoose'
import type { Browser } from 'playwright-core'
import { launchChromium, whyNoBrowser } from './chromium.ts'
import { keepConfigured, keepSent, keepTraffic } from './collecting.ts'
import { SeenSecrets } from './secrets.ts'
import { DESK, Visitor } from './visitor.ts'
import { createWorld, type World, type WorldOptions } from './world.ts'

/** Who walks: Ada has an account in every world. */
export const ADA = 'ada@example.com'

/** How somebody comes along. */
export interface VisitorOptions {
  /** Whether scripts run; they do unless this says otherwise. */
  readonly hasScript?: boolean
  readonly locale?: string
}

/** Where people walk, and what is searched for the secrets that they came across. */
export interface Grounds {
  readonly browser: Browser
  readonly issuer: string
  readonly connection: Connection
  /** Everything that was logged so far. */
  readonly readLog: () => string
  /** Those of everybody who walks here. */
  readonly secrets: SeenSecrets
}

/** Somebody with a browser profile of their own, which is gone after the test. */
export type Open = (options?: VisitorOptions) => Promise<Visitor>

/** What somebody walks through. */
export interface Surroundings {
  readonly t: TestContext
  readonly world: World
  readonly visitor: Visitor
  /** Somebody else, who comes along like the visitor unless this says otherwise. */
  readonly open: Open
}

/** A test in which somebody walks through the program. */
export type Journey = (title: string, walk: (surroundings: Surroundings) => Promise<void>) => void

/**
 * Lets people walk on these grounds. After that neither the log nor the database has shown a secret that any of them
 * came across, on this walk or an earlier one. There is no other way to open a visitor, so nobody is left out.
 */
export async function walkOn(t: TestContext, grounds: Grounds, walk: (open: Open) => Promise<void>): Promise<void> {
  const { browser, issuer, connection, readLog, secrets } = grounds
  const settled: (() => Promise<unknown>)[] = []
  await walk(async ({ hasScript = true, locale = 'en' } = {}) => {
    const context = await browser.newContext({
      javaScriptEnabled: hasScript,
      locale,
      viewport: DESK,
      colorScheme: 'light',
      // So that no colour is measured while it changes.
      reducedMotion: 'reduce',
    })
    t.after(() => context.close())
    settled.push(keepTraffic(secrets, issuer, context))
    return new Visitor(await context.newPage(), { issuer, secrets, hasScript })
  })
  for (const settle of settled) await settle()
  assert.deepEqual(await secrets.findIn({ log: readLog(), connection }), [])
}

/** Journeys through one world and one Chromium, each with a profile of its own. */
export function createJourneys(options: WorldOptions & VisitorOptions = {}): Journey {
  let browser: Browser
  let world: World
  let grounds: Grounds
  if (!whyNoBrowser) {
    before(async () => {
      const secrets = new SeenSecrets()
      browser = await launchChromium()
      world = await createWorld({ ...options, env: { GATEHOUSE_LOG_LEVEL: 'trace', ...options.env } })
      const { issuer, connection, log } = world
      keepConfigured(secrets, world.config)
      secrets.expect(['configured secrets.cookieKeys', 'configured secrets.sealingKeys'])
      grounds = { browser, issuer, connection, readLog: () => log.join(''), secrets }
      await world.addAccount(ADA, { roles: ['user'] })
    })
    after(async () => {
      await browser?.close()
      await world?.close()
    })
  }
  return (title, walk) => {
    test(title, { skip: whyNoBrowser }, (t) =>
      walkOn(t, grounds, async (openLike) => {
        const open: Open = (other) => openLike({ ...options, ...other })
        await walk({ t, world, visitor: await open(), open })
        await keepSent(grounds.secrets, world)
      }),
    )
  }
}
