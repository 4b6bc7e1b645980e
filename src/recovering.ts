import type { Accounts } from './accounts/index.ts'
import type { Audit } from './audit/index.ts'
import type { Config } from './config/index.ts'
import { createMailLimits } from './mailboxes/index.ts'
import type { Notices } from './notices/index.ts'
import { createLimiter, type LimiterOptions } from './platform/limiter.ts'
import type { Sealer } from './platform/seal.ts'
import { createRecovery, type Recovery } from './recovery/index.ts'
import type { SendLimiters, SignIn, SignInLimiters } from './sign-in/index.ts'

/** What recovery is put together from. */
interface Parts {
  readonly config: Config
  readonly connection: LimiterOptions['connection']
  readonly sealer: Sealer
  readonly accounts: Accounts
  readonly audit: Audit
  readonly signIn: SignIn
  readonly notices: Notices
  readonly sending: Pick<SendLimiters, 'byAddress'>
  readonly limiters: Pick<SignInLimiters, 'byIdentifier'>
  readonly endSessions: (accountId: string, reason: string) => Promise<void>
}

const WINDOW_SECONDS = 60 * 60
/** Mails an hour: what one person needs, and what one mailbox has to bear at most. */
const PER_PAIR = 3
const PER_IDENTIFIER = 12

/** Recovery with its limits and its mail. */
export function openRecovery(parts: Parts): Recovery {
  const { config, connection, notices, signIn } = parts
  const { issuer } = config.server
  const limiter = (name: string, points: number) =>
    createLimiter({ connection, name, points, windowSeconds: WINDOW_SECONDS })
  return createRecovery({
    ...parts,
    password: signIn.password,
    isOffered: notices.canSend,
    resetSeconds: config.lifetimes.passwordResetSeconds,
    limits: createMailLimits({
      byAddress: parts.sending.byAddress,
      byPair: limiter('reset-pair', PER_PAIR),
      byIdentifier: limiter('reset-identifier', PER_IDENTIFIER),
    }),
    forgive: parts.limiters.byIdentifier.clear,
    send: (account, locale, { token, code, expiresAt }) =>
      notices.send(
        'passwordReset',
        // Written to in their own language; without an account the page's takes as long.
        { email: account?.email, id: account?.id, locale: account?.locale ?? locale },
        { link: `${issuer}/password/reset/${token}`, code, expiresAt },
      ),
  })
}
