// Another process on the database of a test: does what it is told, as often as it is told, all at once.
import { argv } from 'node:process'
import { openDatabase } from '../../src/platform/database/index.ts'
import { type Order, openStorage } from './storage.ts'

const [, , uri = '', sealingKey = ''] = argv
const database = await openDatabase({ uri, dataDir: '', report: () => {} })
const { adapter } = await openStorage(database, [sealingKey])

process.on('message', async ({ verb, kind, id, payload, times }: Order) => {
  const work = () => (verb === 'consume' ? adapter(kind).consume(id) : adapter(kind).upsert(id, payload ?? {}, 60))
  const outcomes = await Promise.allSettled(Array.from({ length: times }, work))
  process.send?.(outcomes.filter(({ status }) => status === 'fulfilled').length)
})
process.send?.('ready')
