import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, afterEach, before, beforeEach, mock, type TestContext, test } from 'node:test'
import { type Database, ensureIndexes } from '../../src/platform/database/index.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMailOutbox, createSmtp, MAIL_PATIENCE, type MailOutcome } from '../../src/platform/mail/index.ts'
import { backOffMs } from '../../src/platform/outbox/patience.ts'
import { createSealer } from '../../src/platform/seal.ts'
import { openTestDatabase } from '../support/database.ts'
import { type MailServer, startMailServer } from '../support/mail-server.ts'
import { findFreePort } from '../support/world.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

let database: Database
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())
beforeEach(() => database.connection.collection('outbox').deleteMany({}))
afterEach(() => mock.timers.reset())

const sealer = createSealer([randomBytes(32).toString('base64url')])
const log: string[] = []
const logger = createLogger({ level: 'trace', isPretty: false, destination: { write: (line) => void log.push(line) } })

/** The outbox as one process has it, in front of this SMTP server, and what came of its mails. */
async function openOutbox(t: TestContext, port: number) {
  const outcomes: (MailOutcome & { notice: string })[] = []
  const from = { name: 'Gatehouse', address: 'no-reply@id.example' }
  const transport = createSmtp({ url: `smtp://localhost:${port}`, tls: 'off', connections: 2, from })
  const { connection } = database
  const outbox = createMailOutbox({
    connection,
    sealer,
    logger,
    send: transport.send,
    concurrency: 2,
    onOutcome: async (outcome, { notice }) => void outcomes.push({ ...outcome, notice }),
  })
  await ensureIndexes(connection)
  t.after(async () => {
    transport.close()
    await outbox.stop()
  })
  return { ...outbox, outcomes }
}

const mailTo = (to: string | undefined, number = 0) => ({
  mail: { to, subject: `No. ${number}`, html: '<p>secret</p>', text: 'secret' },
  about: { notice: 'test', accountId: 'lovelace' },
})
const waiting = () => database.connection.collection('outbox').find().toArray()
const later = (ms: number) => mock.timers.enable({ apis: ['Date'], now: Date.now() + ms })

test('a mail is sent and nothing of it stays; while it waits nobody can read it', async (t) => {
  const server = await startMailServer(t)
  const outbox = await openOutbox(t, server.port)
  await outbox.enqueue(mailTo('ada@example.com'))
  const [kept] = await waiting()
  // Long words: three letters stand in what is sealed by chance now and then.
  assert.doesNotMatch(JSON.stringify(kept), /ada@|example|lovelace|secret/)
  await outbox.settle()
  assert.deepEqual(outbox.outcomes, [{ kind: 'sent', tries: 1, notice: 'test' }])
  assert.match(server.taken[0]?.source ?? '', new RegExp(`^Message-ID: <${kept?._id}@id\\.example>`, 'm'))
  assert.deepEqual(await waiting(), [])
})

test('what is kept once is sent once, however often it is kept, until a minute after', async (t) => {
  const server = await startMailServer(t)
  const outbox = await openOutbox(t, server.port)
  const keep = (once: string) => outbox.enqueue(mailTo('ada@example.com'), { once })
  await Promise.all([keep('reminder one'), keep('reminder one'), keep('reminder two')])
  assert.equal((await waiting()).length, 2)
  await outbox.settle()
  await keep('reminder one')
  await outbox.settle()
  assert.equal(server.taken.length, 2)
  assert.equal(outbox.outcomes.length, 2)
  assert.doesNotMatch(JSON.stringify(await waiting()), /sealed|holder|reminder/)
  later(61 * SECOND)
  await outbox.settle()
  assert.deepEqual(await waiting(), [])
  await keep('reminder one')
  await outbox.settle()
  assert.equal(server.taken.length, 3)
})

test('a worker that was started sends by itself, as soon as there is something', async (t) => {
  const server = await startMailServer(t)
  const outbox = await openOutbox(t, server.port)
  outbox.start()
  await outbox.enqueue(mailTo('ada@example.com'))
  await server.took(1)
})

test('what one process leaves behind another sends', async (t) => {
  const server = await startMailServer(t)
  const stopped = await openOutbox(t, server.port)
  await stopped.stop()
  await stopped.enqueue(mailTo('ada@example.com'))
  await stopped.settle()
  assert.equal(server.taken.length, 0)
  await (await openOutbox(t, server.port)).settle()
  assert.equal(server.taken.length, 1)
})

test('two workers share forty mails and send none twice', async (t) => {
  const server = await startMailServer(t)
  const [one, two] = [await openOutbox(t, server.port), await openOutbox(t, server.port)]
  await Promise.all(Array.from({ length: 40 }, (_, number) => one.enqueue(mailTo(`p${number}@example.com`, number))))
  await Promise.all([one.settle(), two.settle()])
  const recipients = server.taken.flatMap(({ to }) => to)
  assert.equal(recipients.length, 40)
  assert.equal(new Set(recipients).size, 40)
  assert.ok(one.outcomes.length > 0 && two.outcomes.length > 0, `${one.outcomes.length} ${two.outcomes.length}`)
})

test('a mail that somebody is sending is left alone until their lease runs out', async (t) => {
  const server = await startMailServer(t)
  const crashed = await openOutbox(t, server.port)
  await crashed.enqueue(mailTo('ada@example.com'))
  server.manners.message = 'silence'
  const stuck = crashed.settle()
  while (server.messages() === 0) await new Promise(setImmediate)
  server.manners.message = undefined

  const other = await openOutbox(t, server.port)
  await other.settle()
  assert.equal(server.taken.length, 0)
  later(2 * MINUTE)
  await other.settle()
  assert.equal(server.taken.length, 0)
  mock.timers.setTime(Date.now() + 2 * MINUTE)
  await other.settle()
  assert.equal(server.taken.length, 1)
  assert.deepEqual(await waiting(), [])
  void crashed.stop()
  await stuck
  // The first one comes back too late: it lost its claim, and says nothing of what came of it.
  assert.deepEqual(crashed.outcomes, [])
})

test('a mail server that is away, slow or broken gets the mail later, after a longer pause each time', async (t) => {
  const port = await findFreePort()
  const outbox = await openOutbox(t, port)
  await outbox.enqueue(mailTo('ada@example.com'))
  later(0)
  const dueIn = async () => {
    const [{ dueAt } = { dueAt: new Date(0) }] = await waiting()
    return (dueAt.getTime() - Date.now()) / SECOND
  }
  await outbox.settle()
  const first = await dueIn()
  assert.ok(first >= 8 && first <= 12, `${first}`)

  const server: MailServer = await startMailServer(t, { port })
  for (const [misbehaviour, least, most] of [
    [{ message: 'hang up' }, 16, 24],
    [{ message: 451 }, 32, 48],
    [{ recipient: 450, message: undefined }, 64, 96],
  ] as const) {
    Object.assign(server.manners, misbehaviour)
    mock.timers.setTime(Date.now() + 2 * MINUTE)
    await outbox.settle()
    const wait = await dueIn()
    assert.ok(wait >= least && wait <= most, `${JSON.stringify(misbehaviour)} ${wait}`)
  }
  server.manners.recipient = undefined
  await outbox.settle()
  assert.equal(server.taken.length, 0, 'not before it is due')
  mock.timers.setTime(Date.now() + 2 * MINUTE)
  await outbox.settle()
  assert.equal(server.taken.length, 1)
  assert.deepEqual(outbox.outcomes, [{ kind: 'sent', tries: 5, notice: 'test' }])
  assert.doesNotMatch(log.join(''), /ada@example|secret|not today/)
})

test('what is refused for good is not tried again', async (t) => {
  const server = await startMailServer(t)
  server.manners.recipient = 550
  const outbox = await openOutbox(t, server.port)
  await outbox.enqueue(mailTo('nobody@example.com'))
  await outbox.settle()
  assert.deepEqual(outbox.outcomes, [{ kind: 'refused', code: '550', notice: 'test' }])
  assert.deepEqual(await waiting(), [])
})

test('after so many tries it is given up', async (t) => {
  const server = await startMailServer(t)
  server.manners.recipient = 450
  const outbox = await openOutbox(t, server.port)
  await outbox.enqueue(mailTo('ada@example.com'))
  later(0)
  for (let tries = 0; tries < MAIL_PATIENCE.maxTries; tries += 1) {
    assert.deepEqual(outbox.outcomes, [])
    await outbox.settle()
    mock.timers.setTime(Date.now() + 100 * MINUTE)
  }
  assert.deepEqual(outbox.outcomes, [{ kind: 'abandoned', tries: MAIL_PATIENCE.maxTries, notice: 'test' }])
  assert.deepEqual(await waiting(), [])
})

test('a code that is no longer good is not sent', async (t) => {
  const server = await startMailServer(t)
  const outbox = await openOutbox(t, server.port)
  await outbox.enqueue(mailTo('ada@example.com'), { notAfter: new Date(Date.now() + MINUTE) })
  later(MINUTE + 1)
  await outbox.settle()
  assert.deepEqual(outbox.outcomes, [{ kind: 'expired', tries: 0, notice: 'test' }])
  assert.deepEqual([server.taken, await waiting()], [[], []])
})

test('a decoy looks like any other while it waits, and goes nowhere', async (t) => {
  const server = await startMailServer(t)
  const outbox = await openOutbox(t, server.port)
  await outbox.enqueue(mailTo('ada@example.com'))
  await outbox.enqueue(mailTo(undefined))
  const [real, decoy] = await waiting()
  assert.deepEqual(Object.keys(real ?? {}).sort(), Object.keys(decoy ?? {}).sort())
  await outbox.settle()
  assert.equal(server.taken.length, 1)
  assert.equal(outbox.outcomes.length, 1)
  assert.deepEqual(await waiting(), [])
})

test('a mail whose key is gone does not hold up the others', async (t) => {
  const server = await startMailServer(t)
  const outbox = await openOutbox(t, server.port)
  await outbox.enqueue(mailTo('ada@example.com'))
  const [one] = await waiting()
  const stranger = createSealer([randomBytes(32).toString('base64url')])
  const sealed = stranger.seal('{}', `outbox:${one?._id}`)
  await database.connection.collection('outbox').updateOne({ _id: one?._id }, { $set: { sealed } })
  await outbox.enqueue(mailTo('grace@example.com'))
  await outbox.settle()
  assert.deepEqual(
    server.taken.map(({ to }) => to),
    [['grace@example.com']],
  )
  assert.deepEqual(await waiting(), [])
})

test('the pauses double up to an hour, a little apart from each other', () => {
  assert.deepEqual(
    [1, 2, 3, 9, 12, 15].map((tries) => backOffMs(MAIL_PATIENCE, tries, 0.5) / SECOND),
    [10, 20, 40, 2560, 3600, 3600],
  )
  assert.deepEqual(
    [0, 1].map((random) => backOffMs(MAIL_PATIENCE, 1, random) / SECOND),
    [8, 12],
  )
})
