// A process of the same installation that suspends an account, and is killed where it would delete its sessions.
import { argv, env, kill, pid } from 'node:process'
import { mongo } from 'mongoose'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/index.ts'
import { createLogger } from '../../src/platform/logger.ts'

const [, , accountId = ''] = argv
const config = loadConfig({ configDir: 'config', env })
const logger = createLogger({ level: 'silent', isPretty: false })
const app = await createApp({ config, logger, root: '.', path: env.PATH, report: () => {} })
const { deleteMany } = mongo.Collection.prototype
mongo.Collection.prototype.deleteMany = function (...args) {
  if (this.collectionName !== 'artifacts') return deleteMany.apply(this, args)
  kill(pid, 'SIGKILL')
  return new Promise(() => {})
}
await app.accounts.suspend(accountId)
