import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { env } from 'node:process'
import { type Browser, chromium } from 'playwright-core'

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** Where Chromium is: TEST_CHROMIUM, or found on the PATH. */
function findChromium(): string | undefined {
  if (env.TEST_CHROMIUM) return env.TEST_CHROMIUM
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/bin']
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path))
}

const executablePath = findChromium()

/**
 * Why the tests in a browser cannot run here; undefined where they can. Under CI they run all the same, and fail: a
 * browser that is missing there would hide everything that they prove.
 */
export const whyNoBrowser: string | undefined =
  executablePath || env.CI === 'true'
    ? undefined
    : 'these tests need Chromium: apt-get install chromium, or name one in TEST_CHROMIUM'

/** Starts Chromium. @throws Error when there is none */
export async function launchChromium(): Promise<Browser> {
  if (!executablePath) throw new Error('no Chromium: apt-get install chromium, or name one in TEST_CHROMIUM')
  // For machines that have much to do: it is there in a moment.
  return chromium.launch({ executablePath, args: ARGS, timeout: 120_000 })
}
