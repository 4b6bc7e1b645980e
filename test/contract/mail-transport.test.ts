import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { createSmtp, MailError, type MailTransport } from '../../src/platform/mail/index.ts'
import { selfSigned, startMailServer } from '../support/mail-server.ts'

const from = { name: 'Gatehouse', address: 'no-reply@id.example' }
const mail = { to: 'ada@example.com', subject: 'Grüße', html: '<p>für <b>Sie</b></p>', text: 'für Sie' }

/** A transport to this server. It is closed after the test. */
function connect(
  t: { after: (work: () => void) => void },
  port: number,
  {
    scheme = 'smtp',
    tls = 'off',
    user = '',
  }: { scheme?: string; tls?: 'required' | 'offered' | 'off'; user?: string } = {},
): MailTransport {
  const transport = createSmtp({ url: `${scheme}://${user}localhost:${port}`, tls, connections: 1, from })
  t.after(transport.close)
  return transport
}

const refusedWith = (code: string, isPermanent: boolean) => (error: unknown) =>
  error instanceof MailError && error.code === code && error.isPermanent === isPermanent

test('an SMTP server gets both forms, one recipient, and a name for the mail', async (t) => {
  const server = await startMailServer(t)
  await connect(t, server.port).send({ ...mail, id: 'abc123' })
  const [{ from: sender, to, source } = { from: '', to: [], source: '' }] = server.taken
  assert.equal(sender, 'no-reply@id.example')
  assert.deepEqual(to, ['ada@example.com'])
  for (const header of [
    /^From: Gatehouse <no-reply@id\.example>\r$/m,
    /^To: ada@example\.com\r$/m,
    /^Message-ID: <abc123@id\.example>\r$/m,
    /^Auto-Submitted: auto-generated\r$/m,
    /^Content-Type: multipart\/alternative/m,
    /text\/plain; charset=utf-8/,
    /text\/html; charset=utf-8/,
  ]) {
    assert.match(source, header)
  }
})

test('what looks like two recipients is one', async (t) => {
  const server = await startMailServer(t)
  await connect(t, server.port).send({ ...mail, to: 'ada,grace@example.com' })
  assert.deepEqual(server.taken[0]?.to, ['"ada,grace"@example.com'])
})

test('connections are kept and used again', async (t) => {
  const server = await startMailServer(t)
  const transport = connect(t, server.port)
  for (let count = 0; count < 5; count += 1) await transport.send(mail)
  assert.equal(server.taken.length, 5)
  assert.equal(server.connections(), 1)
})

test('TLS: a server that nobody vouches for gets no mail, one that is trusted does', async (t) => {
  const { private: key, cert } = await selfSigned()
  const upgraded = await startMailServer(t, { key, cert })
  const encrypted = await startMailServer(t, { key, cert, secure: true })
  const ways = [
    { server: upgraded, scheme: 'smtp' },
    { server: encrypted, scheme: 'smtps' },
  ]
  for (const { server, scheme } of ways) {
    const transport = connect(t, server.port, { scheme, tls: 'required' })
    await assert.rejects(transport.send(mail), (error) => error instanceof MailError && !error.isPermanent)
    assert.equal(server.taken.length, 0)
  }
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, cert])
  t.after(() => setDefaultCACertificates(before))
  for (const { server, scheme } of ways) {
    await connect(t, server.port, { scheme, tls: 'required' }).send(mail)
    assert.equal(server.taken[0]?.isEncrypted, true, scheme)
  }
})

test('TLS: where it is required and not offered, neither mail nor password goes out', async (t) => {
  const asked: string[] = []
  const server = await startMailServer(t, {
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    onAuth: ({ password = '' }, _session, callback) => {
      asked.push(password ?? '')
      callback(null, { user: 'somebody' })
    },
  })
  const transport = connect(t, server.port, { tls: 'required', user: 'gatehouse:hidden@' })
  await assert.rejects(transport.send(mail), (error) => error instanceof MailError && !error.isPermanent)
  assert.deepEqual([server.taken, asked], [[], []])
})

test('name and password are given, whatever characters they have; a wrong one is not the fault of the mail', async (t) => {
  const server = await startMailServer(t, {
    allowInsecureAuth: true,
    authOptional: false,
    onAuth: ({ username, password }, _session, callback) => {
      if (username === 'gate@house' && password === 'p/s:w') callback(null, { user: username })
      else callback(Object.assign(new Error('no'), { responseCode: 535 }))
    },
  })
  await connect(t, server.port, { user: 'gate%40house:p%2Fs%3Aw@' }).send(mail)
  assert.equal(server.taken[0]?.user, 'gate@house')
  await assert.rejects(connect(t, server.port, { user: 'gate%40house:wrong@' }).send(mail), refusedWith('535', false))
  // Not signed in at all: 530 to MAIL FROM.
  await assert.rejects(connect(t, server.port).send(mail), refusedWith('530', false))
})

test('a refusal of the recipient or the message is final when the server says so', async (t) => {
  const server = await startMailServer(t)
  const transport = connect(t, server.port)
  for (const [step, code, isPermanent] of [
    ['recipient', 550, true],
    ['recipient', 450, false],
    ['message', 554, true],
    ['message', 451, false],
  ] as const) {
    Object.assign(server.manners, { recipient: undefined, message: undefined, [step]: code })
    await assert.rejects(transport.send(mail), refusedWith(String(code), isPermanent))
  }
})

test('the error names no address, and keeps what the server said for whoever asks', async (t) => {
  const server = await startMailServer(t)
  server.manners.recipient = 550
  const error = await connect(t, server.port)
    .send(mail)
    .catch((thrown: unknown) => thrown)
  assert.ok(error instanceof MailError)
  assert.doesNotMatch(`${error.message}${error.stack}`, /ada@/)
  assert.match(error.reply ?? '', /not today/)
})

test('a server that takes the message and says nothing, hangs up, or speaks no SMTP is not waited for', async (t) => {
  const server = await startMailServer(t)
  const transport = connect(t, server.port)
  server.manners.message = 'silence'
  await assert.rejects(
    transport.send(mail, AbortSignal.timeout(200)),
    (error) => error instanceof MailError && !error.isPermanent,
  )
  server.manners.message = 'hang up'
  await assert.rejects(transport.send(mail), (error) => error instanceof MailError && !error.isPermanent)
  server.manners.message = undefined
  await transport.send(mail)
  assert.equal(server.taken.length, 1)

  const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => other.listen(0, 'localhost', resolve))
  t.after(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await assert.rejects(connect(t, port).send(mail), (error) => error instanceof MailError && !error.isPermanent)
})

test('nobody there is not the fault of the mail', async (t) => {
  await assert.rejects(connect(t, 1).send(mail), (error) => error instanceof MailError && !error.isPermanent)
})
