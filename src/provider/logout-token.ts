import type { Client, Provider } from 'oidc-provider'
import { newId } from '../platform/ids.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** The parts of the library's ID token that its types leave out. */
interface LogoutToken {
  mask: object
  set(name: string, value: unknown): void
  issue(options: { use: 'logout' }): Promise<string>
}

/**
 * Tells a client that a session is over (OpenID Connect Back-Channel Logout 1.0 section 2.4): signed as its ID tokens
 * are, for it alone, soon expired, and never with a nonce.
 */
export function issueLogoutToken(
  provider: Provider,
  client: Client,
  { accountId, sid }: { accountId: string; sid?: string | undefined },
): Promise<string> {
  const IdToken = provider.IdToken as unknown as new (claims: object, context: object) => LogoutToken
  const token = new IdToken({ sub: accountId }, { client, ctx: undefined })
  token.mask = { sub: null }
  token.set('events', { [EVENT]: {} })
  token.set('jti', newId())
  if (sid) token.set('sid', sid)
  return token.issue({ use: 'logout' })
}
