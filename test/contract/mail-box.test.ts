import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Database, ensureIndexes } from '../../src/platform/database/index.ts'
import { createMailBox, type MailBox } from '../../src/platform/mail/index.ts'
import { createSealer, SealError } from '../../src/platform/seal.ts'
import { openTestDatabase } from '../support/database.ts'

const key = () => randomBytes(32).toString('base64url')
const mail = (subject: string) => ({
  to: 'lovelace@example.com',
  subject,
  html: '<a href="https://id.example/welcome/s3cret">Open</a>',
  text: 'https://id.example/welcome/s3cret',
})

let database: Database
let box: MailBox
before(async () => {
  database = await openTestDatabase()
  box = createMailBox(database.connection, createSealer([key()]))
  await ensureIndexes(database.connection)
})
after(() => database.close())

test('what is sent is found as it was sent, the newest first', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  for (const subject of ['first', 'second', 'third']) {
    await box.send(mail(subject))
    t.mock.timers.tick(1000)
  }
  const [newest, next] = await box.list(2)
  assert.deepEqual([newest?.subject, next?.subject], ['third', 'second'])
  const { id, sentAt, ...content } = (await box.find(newest?.id ?? '')) ?? assert.fail('it is not there')
  assert.deepEqual(content, mail('third'))
  assert.equal(id, newest?.id)
  assert.ok(sentAt instanceof Date)
})

test('an id that is none, or of no mail, finds nothing', async () => {
  for (const id of ['', 'x', '../..', '{"$ne":1}', '0'.repeat(24)]) assert.equal(await box.find(id), undefined, id)
})

test('nothing of a mail can be read in the database', async () => {
  await box.send(mail('private'))
  const kept = await database.connection.collection('kept_mail').find().toArray()
  assert.ok(kept.length > 0)
  // Long words: three letters stand in what is sealed by chance now and then.
  assert.doesNotMatch(JSON.stringify(kept), /lovelace|example|private|s3cret/)
})

test('with another key it cannot be opened', async () => {
  await box.send(mail('sealed'))
  const other = await openTestDatabase()
  try {
    const stranger = createMailBox(other.connection.useDb(database.connection.name), createSealer([key()]))
    await assert.rejects(stranger.list(1), SealError)
  } finally {
    await other.close()
  }
})

test('it is swept after a week', async () => {
  const indexes = await database.connection.collection('kept_mail').indexes()
  assert.equal(indexes.find(({ key: fields }) => 'sentAt' in fields)?.expireAfterSeconds, 7 * 24 * 60 * 60)
})
