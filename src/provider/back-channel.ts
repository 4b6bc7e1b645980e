import type { Client, Provider } from 'oidc-provider'
import type { Audit } from '../audit/index.ts'
import { type HttpClient, OutboundError } from '../platform/http-client/index.ts'
import {
  createOutbox,
  type OutboxDependencies,
  type OutboxOutcome,
  type Patience,
  type Worker,
} from '../platform/outbox/index.ts'
import { issueLogoutToken } from './logout-token.ts'
import type { EndedSession } from './session-ends.ts'

/** Tells clients that a session is over (OpenID Connect Back-Channel Logout 1.0). */
export interface BackChannel {
  /**
   * Keeps for every client of the session that it is to be told, before the session is deleted. Nobody waits for the
   * clients: the person's answer leaves while they are being told.
   */
  readonly tell: (session: EndedSession) => Promise<void>
  /** What tells them in this process. */
  readonly delivery: Worker
  /** Makes the library tell clients in this way, and name the session in ID tokens and access tokens (`sid`). */
  readonly adjust: (provider: Provider) => void
}

interface Dependencies extends OutboxDependencies {
  readonly http: HttpClient
  readonly audit: Audit
  readonly provider: () => Provider
}

/** Who is to be told of what. The token is made when it is sent: it is short-lived, and keys change. */
interface Logout {
  readonly clientId: string
  readonly accountId: string
  readonly sid?: string | undefined
}

/** How long a client may take. */
const TRY_MS = 5000
/** A client that is away gets the news within some 40 minutes, or not at all. */
const PATIENCE: Patience = { maxTries: 8, firstMs: 20_000, longestMs: 30 * 60 * 1000 }
/** However long all processes were stopped: by then its own session at the client is likely to be over. */
const KEPT_MS = 60 * 60 * 1000
/** Many, since a client that does not answer keeps one busy. */
const CONCURRENCY = 32

/** A client that is not there any more, or that answered with something else than section 2.8 says. */
class Unwilling extends Error {
  override readonly name = 'Unwilling'
}

const GONE = 'client_gone'
/** No other try helps where the operator's rules stand against it, or nobody wants to know any more. */
const FINAL = new Set(['url_refused', 'address_refused', GONE])

const reasonOf = (error: unknown) => {
  if (error instanceof OutboundError) return error.reason
  return error instanceof Unwilling ? error.message : 'fault'
}

function detailOf(outcome: Exclude<OutboxOutcome, { kind: 'sent' }>) {
  if (outcome.kind === 'refused') return { reason: outcome.code, tries: 1 }
  return { reason: outcome.kind === 'abandoned' ? reasonOf(outcome.error) : outcome.kind, tries: outcome.tries }
}

/** Telling clients by this way out: at least once, again when one could not be told, and in the trail what came of it. */
export function createBackChannel({ http, audit, provider, ...deps }: Dependencies): BackChannel {
  const wants = async (clientId: string) => {
    const client = await provider().Client.find(clientId)
    return client?.backchannelLogoutUri ? client : undefined
  }

  const send = async (logout: Logout, signal: AbortSignal) => {
    const client = await wants(logout.clientId)
    if (!client) throw new Unwilling(GONE)
    const logoutToken = await issueLogoutToken(provider(), client, logout)
    const { status } = await http.request({
      url: client.backchannelLogoutUri ?? '',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: logoutToken }).toString(),
      signal,
    })
    if (status !== 200 && status !== 204) throw new Unwilling(`status_${status}`)
  }

  const outbox = createOutbox<Logout>(deps, {
    kind: 'back_channel_logout',
    concurrency: CONCURRENCY,
    tryMs: TRY_MS,
    patience: PATIENCE,
    send: (logout, _id, signal) => send(logout, signal),
    finalCode: (error) => (FINAL.has(reasonOf(error)) ? reasonOf(error) : undefined),
    describe: ({ clientId }) => ({ clientId }),
    async onOutcome(outcome, { accountId, clientId }) {
      const subject = { actor: { type: 'system' }, accountId, clientId } as const
      if (outcome.kind === 'sent')
        await audit.record('back_channel_logout.delivered', subject, { tries: outcome.tries })
      else await audit.record('back_channel_logout.failed', subject, detailOf(outcome))
    },
  })
  // Whoever ends a session once more, because the first time was cut off, tells each client once.
  const keep = (logout: Logout) =>
    outbox.enqueue(logout, {
      notAfter: new Date(Date.now() + KEPT_MS),
      once: logout.sid && `${logout.clientId} ${logout.sid}`,
    })

  return {
    delivery: outbox,
    async tell({ accountId, authorizations = {} }) {
      if (!accountId) return
      await Promise.all(
        Object.entries(authorizations).map(async ([clientId, { sid }]) => {
          // One that cannot be read now may be readable when it is told.
          if (await wants(clientId).catch(() => true)) await keep({ clientId, accountId, sid })
        }),
      )
    },
    adjust(instance) {
      const prototype = instance.Client.prototype as unknown as {
        backchannelLogout(accountId: string, sid: string | undefined): Promise<void>
        includeSid(): boolean
      }
      prototype.backchannelLogout = function (this: Client, accountId, sid) {
        return keep({ clientId: this.clientId, accountId, sid })
      }
      // The library goes on without those that it could not tell, and deletes the session: nobody would tell them then.
      instance.on('backchannel.error', (_ctx, error) => {
        throw error
      })
      // Whether it is told or not: an app's API, which checks tokens by itself, knows what belongs together by it. It is
      // made up for each client, so nobody learns from it who else the person visits.
      prototype.includeSid = () => true
    },
  }
}
