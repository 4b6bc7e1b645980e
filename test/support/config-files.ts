import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ConfigError, loadConfig } from '../../src/config/index.ts'
import { scratchFolder } from './scratch.ts'

/** The repository's folder of options. */
export const configDir = join(import.meta.dirname, '../../config')

/** A folder of options with the real defaults and these files beside them. */
export function configFolder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  return scratchFolder(t, { 'default.yaml': readFileSync(join(configDir, 'default.yaml'), 'utf8'), ...files })
}

/** The problems that loading tells; none when it loads. */
export function problemsOf(input: Parameters<typeof loadConfig>[0]): readonly string[] {
  try {
    loadConfig(input)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
