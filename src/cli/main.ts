import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { runCommandLine } from './program.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

process.exitCode = await runCommandLine(process.argv.slice(2), {
  root,
  env: process.env,
  readInput: () => text(process.stdin),
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
})
