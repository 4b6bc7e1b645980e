import { type Account, normaliseIdentifier } from '../accounts/index.ts'
import type { Origin } from '../audit/index.ts'
import { idFor } from '../platform/ids.ts'
import type { Enrolment, EnrolmentChallenge, PreparedPassword, SignIn, Strength } from '../sign-in/index.ts'
import { refusals } from './refusals.ts'

/** How the new account will be proved. */
export type Chosen =
  | { readonly password: string }
  /** The form of a passkey that was made on the page. */
  | { readonly passkey: unknown }

/** The account that somebody is about to make. */
export interface Newcomer {
  /** The interaction. */
  readonly uid: string
  readonly email: string
  readonly name?: string | undefined
  readonly locale?: string | undefined
}

/** A first credential that was checked, and is kept once there is an account. */
export interface FirstCredential {
  readonly keep: (account: Account, origin: Origin) => Promise<void>
  /** What choosing it has proved already, and by which method; a password is proved by signing in with it. */
  readonly proved?: { readonly method: string; readonly strength: Strength }
}

interface Dependencies {
  readonly password: SignIn['password']
  readonly enrolment: Enrolment
}

const PASSKEY = 'passkey'

/** A passkey names the account that it is for, so the account's id is settled before there is one. */
const accountOf = ({ uid, email, name, locale }: Newcomer): Account => {
  const now = new Date()
  const id = idFor(`newcomer:${uid}:${normaliseIdentifier(email)}`)
  const state = { isEmailVerified: true, roles: [], status: 'active', createdAt: now, updatedAt: now } as const
  return { id, email, name, locale, ...state }
}

/** The first credential of an account that there is not yet: a password, or a passkey that counts alone. */
export function createFirstCredentials({ password, enrolment }: Dependencies) {
  const isPasskeyOffered = enrolment.methods.includes(PASSKEY)
  const requestOf = (newcomer: Newcomer, origin: Origin) => ({
    account: accountOf(newcomer),
    method: PASSKEY,
    origin,
    locale: newcomer.locale,
  })

  const preparePassword = async (typed: string, newcomer: Newcomer, origin: Origin): Promise<FirstCredential> => {
    const prepared: PreparedPassword = await password.prepare(typed, newcomer, origin)
    return { keep: (account, from) => password.set(account, prepared, { via: 'registration', origin: from }) }
  }
  const checkPasskey = async (form: unknown, newcomer: Newcomer, origin: Origin): Promise<FirstCredential> => {
    const checked = await enrolment.check(requestOf(newcomer, origin), form)
    if (checked.outcome !== 'checked') throw refusals.passkeyRefused(checked.outcome)
    const proved = { method: PASSKEY, strength: checked.strength }
    const keep = async (account: Account) => {
      const { outcome } = await checked.keep(account)
      // Somebody else's already: the account is there, and its owner gets in by setting a password.
      if (outcome !== 'added') throw refusals.passkeyRefused(outcome)
    }
    return { proved, keep }
  }

  return {
    idOf: (newcomer: Newcomer) => accountOf(newcomer).id,
    /** What the page hands to the browser for making a passkey; nothing where there are none. */
    async offerPasskey(newcomer: Newcomer, origin: Origin): Promise<EnrolmentChallenge | undefined> {
      if (!isPasskeyOffered) return undefined
      const request = requestOf(newcomer, origin)
      const waiting = await enrolment.findPending(request.account.id, PASSKEY)
      return waiting ?? enrolment.begin(request, {})
    },
    /** @throws Refusal `password.*`, `registration.passkey_refused`, `enrolment.*` */
    prepare: (chosen: Chosen, newcomer: Newcomer, origin: Origin): Promise<FirstCredential> =>
      'password' in chosen
        ? preparePassword(chosen.password, newcomer, origin)
        : checkPasskey(chosen.passkey, newcomer, origin),
  }
}
