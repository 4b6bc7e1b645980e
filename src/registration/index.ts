// Registration: how somebody makes an account by themselves: an address, the proof that they read its mail, a password
// or a passkey.
// Until all three are there no account exists, so nothing half-made can sign in or stand in its owner's way.
import type { Account } from '../accounts/index.ts'
import { normaliseIdentifier } from '../accounts/index.ts'
import type { Origin } from '../audit/index.ts'
import type { Mailboxes, MailLimits, ProofKey } from '../mailboxes/index.ts'
import { hashSecret } from '../platform/ids.ts'
import type { EnrolmentChallenge, SignIn } from '../sign-in/index.ts'
import { createInvitedAddresses, type InvitationsDependencies, type InvitedAddresses } from './invitations.ts'
import { type Chosen, createFirstCredentials, type FirstCredential } from './newcomer.ts'
import { isWelcome } from './policy.ts'
import { refusals } from './refusals.ts'

/** Where a registration stands. */
export type Registering =
  | { readonly step: 'address' }
  | { readonly step: 'mailbox'; readonly email: string; readonly triesLeft: number }
  | { readonly step: 'credential'; readonly email: string }

/** Who registers, where, and for which application. */
export interface Registrant {
  /** The interaction: one registration at a time. */
  readonly uid: string
  readonly origin: Origin
  readonly clientId?: string | undefined
  readonly locale?: string | undefined
}

/** What is typed first. */
export interface RegistrationStart extends Registrant {
  readonly typed: string
  /** Tells this browser from others. */
  readonly browser: string
  /** Where the mailed link leads on to. */
  readonly returnPath: string
}

/** What is typed last. */
export interface RegistrationEnd extends Registrant {
  readonly name?: string | undefined
  readonly chosen: Chosen
}

/** An account that was made, and what its first credential has proved already. */
export interface Registered {
  readonly account: Account
  readonly proved?: FirstCredential['proved']
}

/** Somebody who registers with what another provider says of them, and no password. */
export interface VouchedEnd extends Registrant {
  readonly name?: string | undefined
  /** The address that the provider itself has verified; without one a mailbox is proved here first. */
  readonly verifiedEmail: string | undefined
  /** Gives the account what it is signed in to with. @returns false when that belongs to somebody else already */
  readonly adopt: (account: Account) => Promise<boolean>
}

/** A mail about a registration. */
export interface RegistrationMail {
  /** Nobody, for an address that may not register: the request takes the same time. */
  readonly email: string | undefined
  readonly locale: string | undefined
  /** The account that there is already, or what proves the mailbox. */
  readonly what:
    | { readonly account: Account }
    | { readonly token: string; readonly code: string; readonly expiresAt: Date }
}

/** Making accounts by oneself. */
export interface Registration {
  /** Whether it is offered. */
  readonly isOpen: boolean
  readonly find: (uid: string) => Promise<Registering>
  /**
   * An address is told: something is mailed there, whether or not it has an account, and the answer is the same.
   * @throws Refusal `registration.*`, `account.identifier_invalid`
   */
  readonly start: (start: RegistrationStart) => Promise<void>
  /** The mailed code is typed. @throws Refusal `registration.code_wrong`, `registration.gone` */
  readonly typeCode: (registrant: Registrant, code: string) => Promise<void>
  /** What the page hands to the browser for making a passkey instead of a password; nothing where there are none. */
  readonly offerPasskey: (registrant: Registrant) => Promise<EnrolmentChallenge | undefined>
  /**
   * Makes the account, once.
   * @throws Refusal `registration.gone`, `registration.passkey_refused`, `account.*`, `password.*`, `enrolment.form_invalid`
   */
  readonly finish: (end: RegistrationEnd) => Promise<Registered>
  /** Whether this address may make an account. */
  readonly admits: (email: string) => Promise<boolean>
  /** Makes the account of somebody whom another provider vouches for. @throws Refusal `registration.gone`, `account.*` */
  readonly finishVouched: (end: VouchedEnd) => Promise<Account>
  /** Another address, or none. */
  readonly cancel: (uid: string) => Promise<void>
  /** Whether only invited people get a mail. */
  readonly needsInvitation: boolean
  readonly invitations: Omit<InvitedAddresses, 'findInvited' | 'forget'>
}

/** What this room needs from outside. */
export interface RegistrationDependencies extends InvitationsDependencies {
  readonly mailboxes: Mailboxes
  readonly password: SignIn['password']
  readonly enrolment: SignIn['enrolment']
  readonly limits: MailLimits
  /** Keeps a mail for sending; takes the same time whoever it is for. */
  readonly send: (mail: RegistrationMail) => Promise<void>
  /** The roles of an account that somebody makes by themselves: everybody's, and those of these that still exist. */
  readonly findRoles: (more: readonly string[]) => Promise<readonly string[]>
}

/** How an account comes about; its id, where that was chosen before. */
type Made = { readonly id?: string; readonly via: 'registration' | 'upstream' }

const keyOf = (uid: string): ProofKey => ({ purpose: 'register', owner: uid })

/** Opens the room. */
export function createRegistration(deps: RegistrationDependencies): Registration {
  const { accounts, mailboxes, audit, policy, limits, send } = deps
  const first = createFirstCredentials(deps)
  const invitations = createInvitedAddresses(deps)

  const refuse = async ({ origin, clientId }: Registrant, reason: string, refusal: Error): Promise<never> => {
    await audit.record('registration.refused', { origin, clientId }, { reason })
    throw refusal
  }

  /** What may be started at all. */
  const admit = async (start: RegistrationStart): Promise<string> => {
    if (!policy.isOpen) return refuse(start, 'closed', refusals.closed())
    const email = start.typed.normalize('NFKC').trim()
    const identifier = normaliseIdentifier(email)
    if (!identifier) throw refusals.identifierInvalid()
    if (!isWelcome(identifier, policy)) return refuse(start, 'domain', refusals.domainNotAllowed())
    const retryAfterSeconds = await limits.reserve(identifier, start.origin.address)
    if (retryAfterSeconds > 0) return refuse(start, 'limit', refusals.limited(retryAfterSeconds))
    return email
  }

  const findInvited = (email: string) => invitations.findInvited(normaliseIdentifier(email) ?? '')

  const admits = async (email: string) => {
    const identifier = normaliseIdentifier(email)
    if (!policy.isOpen || !identifier || !isWelcome(identifier, policy)) return false
    return !policy.needsInvitation || (await findInvited(email)) !== undefined
  }

  /** Makes the account for this address, which was proved. */
  const register = async (email: string, end: Registrant & { name?: string | undefined }, more: Made) => {
    const { uid, origin, clientId, locale, name } = end
    const invited = await findInvited(email)
    if (policy.needsInvitation && !invited) return refuse(end, 'withdrawn', refusals.gone())
    const roles = await deps.findRoles(invited?.roles ?? [])
    // The address is unique: of any number who finish with this proof one makes the account.
    const who = { email, name, locale, roles, isEmailVerified: true, ...more }
    const account = await accounts.register(who, { origin, clientId })
    await mailboxes.cancel(keyOf(uid))
    await invitations.forget(normaliseIdentifier(email) ?? '')
    return account
  }

  return {
    isOpen: policy.isOpen,
    needsInvitation: policy.needsInvitation,
    invitations,

    async find(uid) {
      const proof = await mailboxes.find(keyOf(uid))
      if (!proof) return { step: 'address' }
      const { email, isProved, triesLeft } = proof
      return isProved ? { step: 'credential', email } : { step: 'mailbox', email, triesLeft }
    },

    async start(start) {
      const email = await admit(start)
      const account = await accounts.findByIdentifier(email)
      const isExpected = (await findInvited(email)) !== undefined || !policy.needsInvitation
      const { uid, browser, returnPath, origin, clientId, locale } = start
      const isDecoy = account !== undefined || !isExpected
      const proof = await mailboxes.start({ ...keyOf(uid), email, browser, returnPath, isDecoy })
      const to = account || isExpected ? email : undefined
      await send({ email: to, locale: account?.locale ?? locale, what: account ? { account } : proof })
      const identifierHash = hashSecret(normaliseIdentifier(email) ?? '')
      await audit.record(
        'registration.started',
        { origin, clientId, accountId: account?.id, actor: { type: 'anonymous' } },
        { identifierHash },
      )
    },

    async typeCode({ uid, origin }, code) {
      const typed = await mailboxes.typeCode(keyOf(uid), code, origin)
      if (typed === 'wrong') throw refusals.codeWrong()
      if (typed === 'gone') throw refusals.gone()
    },

    async offerPasskey({ uid, origin, locale }) {
      const proof = await mailboxes.find(keyOf(uid))
      return proof?.isProved ? first.offerPasskey({ uid, email: proof.email, locale }, origin) : undefined
    },

    admits,

    async finishVouched(end) {
      const { uid, verifiedEmail, adopt } = end
      const proof = policy.isOpen ? await mailboxes.find(keyOf(uid)) : undefined
      const vouched = verifiedEmail && (await admits(verifiedEmail)) ? verifiedEmail : undefined
      const email = proof?.isProved ? proof.email : vouched
      if (!email) return refuse(end, 'no proof', refusals.gone())
      const account = await register(email, end, { via: 'upstream' })
      if (!(await adopt(account))) return refuse(end, 'taken', refusals.gone())
      return account
    },

    async finish(end) {
      const { uid, origin, locale, name } = end
      const proof = policy.isOpen ? await mailboxes.find(keyOf(uid)) : undefined
      if (!proof?.isProved) return refuse(end, 'no proof', refusals.gone())
      const newcomer = { uid, email: proof.email, name, locale }
      const { keep, proved } = await first.prepare(end.chosen, newcomer, origin)
      const account = await register(proof.email, end, { id: first.idOf(newcomer), via: 'registration' })
      await keep(account, origin)
      return { account, proved }
    },

    cancel: (uid) => mailboxes.cancel(keyOf(uid)),
  }
}
