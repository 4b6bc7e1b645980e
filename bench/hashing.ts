// How many passwords this machine verifies in a second, with the program's own settings and nothing else to do.
import { argv } from 'node:process'
import { loadConfig } from '../src/config/index.ts'
import { createPasswordHasher } from '../src/platform/password-hash.ts'
import { PASSWORD } from './target.ts'

const seconds = Number(argv[2])
const { argon2, hashing } = loadConfig({ configDir: 'config', env: { NODE_ENV: 'test' } }).signIn.password
const hasher = await createPasswordHasher({ ...argon2, ...hashing })
const hash = await hasher.hash(PASSWORD)
const startedAt = performance.now()
let done = 0
const worker = async () => {
  while (performance.now() - startedAt < seconds * 1000) {
    await hasher.verify(hash, PASSWORD)
    done += 1
  }
}
await Promise.all(Array.from({ length: hashing.concurrency }, worker))
process.send?.(done / ((performance.now() - startedAt) / 1000))
