import { readFileSync } from 'node:fs'
import { errorCode } from './error-code.ts'

/** What the file at this path says; undefined, and a problem of this name, when it cannot be read. */
export function readSecretFile(name: string, path: string, problems: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    problems.push(`${name}: cannot read the file it names (${errorCode(error)})`)
    return undefined
  }
}
