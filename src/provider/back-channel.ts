import type { Client, Provider } from 'oidc-provider'
import type { Audit } from '../audit/index.ts'
import { type HttpClient, OutboundError } from '../platform/http-client/index.ts'
import { newId } from '../platform/ids.ts'
import type { Logger } from '../platform/logger.ts'
import type { EndedSession } from './session-ends.ts'

/** Tells clients that a session is over (OpenID Connect Back-Channel Logout 1.0). */
export interface BackChannel {
  /**
   * Tells every client of the session that wants to know, all at once. Nobody waits for it: the person's answer leaves
   * while clients are being told.
   */
  readonly tell: (session: EndedSession) => void
  /** Resolves when every client that is being told has answered or run out of time. */
  readonly settled: () => Promise<void>
  /** Makes the library tell clients in this way, and name the session in their ID tokens. */
  readonly adjust: (provider: Provider) => void
}

interface Dependencies {
  readonly http: HttpClient
  readonly audit: Audit
  readonly logger: Logger
  readonly provider: () => Provider
}

/** How long a client may take. */
const TIMEOUT_MS = 5000
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** A client that answered with something else than section 2.8 says. */
class Unwilling extends Error {
  override readonly name = 'Unwilling'
}

interface LogoutToken {
  mask: object
  set(name: string, value: unknown): void
  issue(options: { use: 'logout' }): Promise<string>
}

/** Section 2.4: signed as the client's ID tokens are, for it alone, soon expired, and never with a nonce. */
function issueLogoutToken(provider: Provider, client: Client, sub: string, sid: string | undefined): Promise<string> {
  const IdToken = provider.IdToken as unknown as new (claims: object, context: object) => LogoutToken
  const token = new IdToken({ sub }, { client, ctx: undefined })
  token.mask = { sub: null }
  token.set('events', { [EVENT]: {} })
  token.set('jti', newId())
  if (sid) token.set('sid', sid)
  return token.issue({ use: 'logout' })
}

const reasonOf = (error: unknown) => {
  if (error instanceof OutboundError) return error.reason
  return error instanceof Unwilling ? error.message : 'fault'
}

/** Telling clients by this way out. What fails is logged and in the trail, and is not tried again. */
export function createBackChannel({ http, audit, logger, provider }: Dependencies): BackChannel {
  const pending = new Set<Promise<void>>()

  const deliver = async (from: Provider, client: Client, accountId: string, sid: string | undefined) => {
    const logoutToken = await issueLogoutToken(from, client, accountId, sid)
    const { status } = await http.request({
      url: client.backchannelLogoutUri ?? '',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: logoutToken }).toString(),
      timeoutMs: TIMEOUT_MS,
    })
    if (status !== 200 && status !== 204) throw new Unwilling(`status_${status}`)
  }

  const tellClient = async (clientId: string, accountId: string, sid: string | undefined) => {
    const subject = { actor: { type: 'system' }, accountId, clientId } as const
    try {
      const from = provider()
      const client = await from.Client.find(clientId)
      if (!client?.backchannelLogoutUri) return
      await deliver(from, client, accountId, sid)
      await audit.record('back_channel_logout.delivered', subject, {})
    } catch (error) {
      logger.warn({ err: error, clientId }, 'a client could not be told that a session is over')
      await audit.record('back_channel_logout.failed', subject, { reason: reasonOf(error) })
    }
  }

  const begin = (clientId: string, accountId: string, sid: string | undefined) => {
    const work = tellClient(clientId, accountId, sid)
      .catch((error: unknown) => logger.error({ err: error, clientId }, 'fault'))
      .finally(() => pending.delete(work))
    pending.add(work)
  }

  return {
    tell({ accountId, authorizations = {} }) {
      if (!accountId) return
      for (const [clientId, { sid }] of Object.entries(authorizations)) begin(clientId, accountId, sid)
    },
    async settled() {
      while (pending.size > 0) await Promise.all(pending)
    },
    adjust(instance) {
      const prototype = instance.Client.prototype as unknown as {
        backchannelLogout(accountId: string, sid: string | undefined): Promise<void>
        includeSid(): boolean
      }
      prototype.backchannelLogout = async function (this: Client, accountId, sid) {
        begin(this.clientId, accountId, sid)
      }
      prototype.includeSid = function (this: Client) {
        return this.backchannelLogoutUri !== undefined
      }
    },
  }
}
