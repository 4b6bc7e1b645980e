import { createTransport, type NodemailerError } from 'nodemailer'
import type { MailTransport } from './index.ts'
import { MailError } from './mail-error.ts'
import { createReachability } from './reachability.ts'

/** How mail is handed to an SMTP server. */
export interface SmtpOptions {
  /** `smtps://` is TLS from the first byte, `smtp://` begins in the clear; name and password may stand in it. */
  readonly url: string
  /** Whether a connection that begins in the clear must become TLS (RFC 3207), may, or shall not. */
  readonly tls: 'required' | 'offered' | 'off'
  /** Connections kept open at most, which is also how many mails are sent at once. */
  readonly connections: number
  readonly from: { readonly name: string; readonly address: string }
}

const SUBMISSION_PORT = 587
const SUBMISSIONS_PORT = 465
const CONNECT_MS = 10_000
/** How long the server may take for one answer. */
const SILENCE_MS = 30_000
/** Shorter than any server waits, so that it is never the server who ends a connection that we are about to use. */
const IDLE_MS = 30_000

/** Replies about us (sign in first, encrypt first) and not about the mail: whoever runs this can do something about it. */
const ABOUT_US = new Set([530, 534, 535, 538])

/** What nodemailer tells, as a MailError. Only what is said of the recipient or the content is final. */
function toMailError(error: NodemailerError): MailError {
  const { code = 'unknown', command, response, responseCode } = error
  const isAboutMail = command === 'RCPT TO' || command === 'DATA' || command === 'API'
  const isFinal = responseCode === undefined ? code === 'EENVELOPE' : responseCode >= 500 && !ABOUT_US.has(responseCode)
  return new MailError({
    code: responseCode === undefined ? code : String(responseCode),
    step: command,
    isPermanent: isAboutMail && isFinal,
    reply: response ?? error.message,
  })
}

/** A pool of connections to this server. Tries again nothing by itself: that is for the outbox, which remembers. */
export function createSmtp({ url, tls, connections, from }: SmtpOptions): MailTransport {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const transport = createTransport({
    pool: true,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port ? Number(port) : secure ? SUBMISSIONS_PORT : SUBMISSION_PORT,
    secure,
    requireTLS: !secure && tls === 'required',
    ignoreTLS: tls === 'off',
    ...(username ? { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } } : {}),
    maxConnections: connections,
    maxRequeues: 0,
    idleTimeout: IDLE_MS,
    dnsTimeout: CONNECT_MS,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const domain = from.address.split('@').at(-1)

  const { watch, isReachable } = createReachability()

  return {
    isReachable,
    send: watch(async ({ to, subject, html, text, id }, signal) => {
      const message = {
        from,
        // An object: a string would be parsed, and a comma in it would make two recipients of one.
        to: { name: '', address: to },
        subject,
        html,
        text,
        ...(id ? { messageId: `<${id}@${domain}>` } : {}),
        // RFC 3834: nobody's holiday notice should answer.
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        ...(signal ? { signal } : {}),
      }
      await transport.sendMail(message).catch((error: NodemailerError) => {
        throw toMailError(error)
      })
    }),
    close: () => transport.close({ force: true }),
  }
}
