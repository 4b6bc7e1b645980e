import type { TestContext } from 'node:test'
import { generate } from 'selfsigned'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** A mail as the server took it. */
export interface TakenMail {
  readonly from: string
  readonly to: readonly string[]
  /** The message as it came: headers and body. */
  readonly source: string
  readonly isEncrypted: boolean
  readonly user: unknown
}

/** How a server behaves; changed while it runs. */
export interface Manners {
  /** The answer to RCPT TO: taken, or this reply code. */
  recipient?: number
  /** The answer to the message: taken, this reply code, or none. */
  message?: number | 'silence' | 'hang up'
}

/** A real SMTP server on loopback. */
export interface MailServer {
  readonly port: number
  readonly taken: TakenMail[]
  readonly manners: Manners
  /** Messages that came so far, whatever was answered. */
  readonly messages: () => number
  /** Connections that were opened so far. */
  readonly connections: () => number
  /** Resolves when this many mails were taken. */
  readonly took: (count: number) => Promise<void>
  readonly close: () => Promise<void>
}

const refusal = (responseCode: number) => Object.assign(new Error('not today'), { responseCode })

/** A certificate for localhost that nobody has signed. */
export async function selfSigned() {
  const altNames = [{ type: 2 as const, value: 'localhost' }]
  return generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames },
    ],
  })
}

/** Starts a server that takes everything until it is told otherwise. It is gone after the test. */
export async function startMailServer(t: TestContext, options: SMTPServerOptions & { port?: number } = {}) {
  const taken: TakenMail[] = []
  const manners: Manners = {}
  const waiting: { count: number; resolve: () => void }[] = []
  let connections = 0
  let messages = 0
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 1,
    ...options,
    onConnect(_session, callback) {
      connections += 1
      callback()
    },
    onRcptTo(_address, _session, callback) {
      callback(manners.recipient ? refusal(manners.recipient) : null)
    },
    onData(stream, session, callback) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        messages += 1
        if (manners.message === 'silence') return
        if (manners.message === 'hang up')
          return void [...server.connections].forEach((open) => {
            open.close()
          })
        if (manners.message) return callback(refusal(manners.message))
        taken.push({
          from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
          to: session.envelope.rcptTo.map(({ address }) => address),
          source: Buffer.concat(parts).toString('utf8'),
          isEncrypted: session.secure,
          user: session.user,
        })
        callback()
        for (const { count, resolve } of waiting) if (taken.length >= count) resolve()
      })
    },
  })
  // A handshake that the other side breaks off is told here as well.
  server.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, 'localhost', resolve)
  })
  const address = server.server.address()
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  t.after(close)
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    taken,
    manners,
    messages: () => messages,
    connections: () => connections,
    took: (count) =>
      new Promise((resolve) => {
        if (taken.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    close,
  } satisfies MailServer
}
