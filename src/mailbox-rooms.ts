import type { Access } from './access/index.ts'
import type { Accounts } from './accounts/index.ts'
import { type AddressMail, createAddresses } from './addresses/index.ts'
import type { Audit } from './audit/index.ts'
import type { Config } from './config/index.ts'
import { createMailLimits, type Mailboxes, type MailboxesDependencies, type MailLimits } from './mailboxes/index.ts'
import type { Notices } from './notices/index.ts'
import { createLimiter } from './platform/limiter.ts'
import { createRegistration, type RegistrationMail } from './registration/index.ts'
import type { LinkMailbox, SignIn } from './sign-in/index.ts'

/** What the rooms that prove mailboxes are put together from. */
interface Parts extends MailboxesDependencies {
  readonly config: Config
  readonly access: Access
  readonly accounts: Accounts
  readonly audit: Audit
  readonly signIn: SignIn
  readonly notices: Notices
  readonly mailboxes: Mailboxes
}

const WINDOW_SECONDS = 60 * 60
/** Mails an hour: what one person needs, and what one mailbox has to bear at most. */
const PER_PAIR = 3
const PER_IDENTIFIER = 12

/** Of the code that a link shows in another browser. */
const LINK_CODE_TRIES = 3

/** The role of everybody who makes an account, where there is such a role. */
const EVERYBODY = 'user'

/** One count for all of them: whoever is written to does not care why. */
function openLimits({ config, connection }: Parts): MailLimits {
  const limiter = (name: string, points: number) =>
    createLimiter({ connection, name, points, windowSeconds: WINDOW_SECONDS })
  return createMailLimits({
    byAddress: limiter('mailbox-address', config.accounts.registrationMailsPerAddress),
    byPair: limiter('mailbox-pair', PER_PAIR),
    byIdentifier: limiter('mailbox-identifier', PER_IDENTIFIER),
  })
}

/** The mails of a registration. */
function sendForRegistration({ notices, config }: Parts) {
  const { issuer } = config.server
  return ({ email, locale, what }: RegistrationMail) => {
    if ('account' in what) {
      return notices.send('accountExists', { email, locale, id: what.account.id }, { link: `${issuer}/account` })
    }
    const { token, code, expiresAt } = what
    return notices.send('emailVerification', { email, locale }, { link: `${issuer}/confirm/${token}`, code, expiresAt })
  }
}

/** The mails about the address of an account. */
function sendForAddresses({ notices, config }: Parts) {
  const { issuer } = config.server
  return async (mail: AddressMail): Promise<void> => {
    const to = { email: mail.email, locale: mail.locale, id: mail.account.id }
    if (mail.kind === 'taken') return notices.send('accountExists', to, { link: `${issuer}/account` })
    const { token, expiresAt } = mail
    if (mail.kind === 'changed') {
      const { newEmail, address } = mail
      return notices.tell('emailChanged', to, { newEmail, address, link: `${issuer}/email-undo/${token}`, expiresAt })
    }
    const proof = { link: `${issuer}/confirm/${token}`, code: mail.code, expiresAt }
    return notices.send(mail.kind === 'change' ? 'emailChangeProof' : 'emailVerification', to, proof)
  }
}

/** Mailboxes, and what is built on proving them. Without a way to send mail nobody can register. */
export function openMailboxRooms(parts: Parts) {
  const { access, config, notices, signIn } = parts
  const { registrationDomains, registration = config.environment === 'development' ? 'open' : 'closed' } =
    config.accounts
  const limits = openLimits(parts)
  const rooms = { ...parts, limits }
  return {
    registration: createRegistration({
      ...rooms,
      password: signIn.password,
      enrolment: signIn.enrolment,
      policy: {
        isOpen: registration !== 'closed' && notices.canSend,
        needsInvitation: registration === 'invited',
        allowedDomains: registrationDomains,
      },
      send: sendForRegistration(parts),
      sendInvitation: ({ expiresAt, ...to }) =>
        notices.send('invitation', to, { link: `${config.server.issuer}/account`, expiresAt }),
      findRoles: async (more) => (await access.roles.findAll([EVERYBODY, ...more])).map(({ name }) => name),
      checkRoles: access.roles.check,
    }),
    addresses: createAddresses({ ...rooms, send: sendForAddresses(parts) }),
  }
}

/** Where a sign-in by mailed link starts its proofs and takes them. */
export function openLinkMailbox({
  mailboxes,
  notices,
  issuer,
}: {
  mailboxes: Mailboxes
  notices: Notices
  issuer: string
}): LinkMailbox {
  const keyOf = (owner: string) => ({ purpose: 'sign-in', owner }) as const
  return {
    isAvailable: notices.canSend,
    async start({ owner, account, identifier, browser, returnPath, locale }) {
      const isDecoy = account === undefined
      const started = { ...keyOf(owner), email: identifier, browser, returnPath, isDecoy, tries: LINK_CODE_TRIES }
      const { token, expiresAt } = await mailboxes.start(started)
      const to = { email: account?.email, id: account?.id, locale: account?.locale ?? locale }
      await notices.send('signInLink', to, { link: `${issuer}/confirm/${token}`, expiresAt })
    },
    typeCode: async (owner, code, origin) => (await mailboxes.typeCode(keyOf(owner), code, origin)) === 'proved',
    take: (owner) => mailboxes.take(keyOf(owner)),
  }
}
