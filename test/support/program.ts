import { type ChildProcess, spawn } from 'node:child_process'
import { env } from 'node:process'
import type { TestContext } from 'node:test'

/** What a program said, and how it ended. */
export interface Program {
  readonly child: ChildProcess
  /** Everything on standard output and standard error so far. */
  readonly output: () => string
  /** Resolves when the output matches. @throws Error with the output when the program ends before, or goes on without */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>
}

/** More than the slowest machine needs for anything that is waited for. */
const PATIENCE_MS = 120_000

/** Starts the real program, as `npm start` does, with these settings and none of the environment's own. It is gone after the test. */
export function startProgram(t: TestContext, settings: Readonly<Record<string, string>>): Program {
  const { PATH = '', HOME = '' } = env
  const args = ['--import', './src/node-version.mjs', 'src/main.ts']
  const child = spawn('node', args, { env: { PATH, HOME, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part
    })
  }
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`it ${why} without saying ${pattern}:\n${output}`))
      const patience = setTimeout(fail, PATIENCE_MS, 'went on')
      const look = () => {
        const found = pattern.exec(output)
        if (!found) return
        clearTimeout(patience)
        resolve(found)
      }
      for (const stream of [child.stdout, child.stderr]) stream.on('data', look)
      look()
      void ended.then(() => {
        clearTimeout(patience)
        fail('ended')
      })
    })
  return { child, output: () => output, says, ended }
}
