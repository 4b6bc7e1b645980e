import type { Access } from './access/index.ts'
import type { Accounts } from './accounts/index.ts'
import type { Audit } from './audit/index.ts'
import type { Config } from './config/index.ts'
import type { Mailboxes } from './mailboxes/index.ts'
import type { Notices } from './notices/index.ts'
import { createLimiter, type LimiterOptions } from './platform/limiter.ts'
import { createRegistration, type Registration, type RegistrationMail } from './registration/index.ts'
import type { SignIn } from './sign-in/index.ts'

/** What registration is put together from. */
interface Parts {
  readonly config: Config
  readonly connection: LimiterOptions['connection']
  readonly access: Access
  readonly accounts: Accounts
  readonly audit: Audit
  readonly signIn: SignIn
  readonly mailboxes: Mailboxes
  readonly notices: Notices
}

const WINDOW_SECONDS = 60 * 60
/** Mails an hour: what one person needs, and what one mailbox has to bear at most. */
const PER_PAIR = 3
const PER_IDENTIFIER = 12

/** The role of everybody who makes an account, where there is such a role. */
const EVERYBODY = 'user'

/** Registration with its limits and its mails. Without a way to send mail it is closed. */
export function openRegistration(parts: Parts): Registration {
  const { access, config, connection, notices, signIn } = parts
  const { issuer } = config.server
  const { registrationDomains, registrationMailsPerAddress } = config.accounts
  const registration = config.accounts.registration ?? (config.environment === 'development' ? 'open' : 'closed')
  const limiter = (name: string, points: number) =>
    createLimiter({ connection, name, points, windowSeconds: WINDOW_SECONDS })

  const send = ({ email, locale, what }: RegistrationMail) => {
    if ('account' in what) {
      return notices.send('accountExists', { email, locale, id: what.account.id }, { link: `${issuer}/account` })
    }
    const { token, code, expiresAt } = what
    return notices.send('emailVerification', { email, locale }, { link: `${issuer}/confirm/${token}`, code, expiresAt })
  }

  return createRegistration({
    ...parts,
    password: signIn.password,
    policy: { isOpen: registration === 'open' && notices.canSend, allowedDomains: registrationDomains },
    limiters: {
      byAddress: limiter('registration-address', registrationMailsPerAddress),
      byPair: limiter('registration-pair', PER_PAIR),
      byIdentifier: limiter('registration-identifier', PER_IDENTIFIER),
    },
    send,
    findRoles: async () => (await access.roles.findAll([EVERYBODY])).map(({ name }) => name),
  })
}
