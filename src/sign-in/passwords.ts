import type { Account } from '../accounts/index.ts'
import type { Actor, Audit, EventDetail, Origin } from '../audit/index.ts'
import type { Attempts } from './attempt.ts'
import type { Credentials } from './credentials.ts'
import type { PasswordMethod, PasswordOwner, PasswordRules, PreparedPassword } from './methods/password/index.ts'
import { refusals } from './refusals.ts'

/** Who sets a password, from where, and on which path. */
export interface PasswordChange {
  readonly via: EventDetail<'password.set'>['via']
  readonly origin?: Origin | undefined
  readonly actor?: Actor | undefined
}

/** Setting passwords: every path that does goes through here, so policy, trail and notice hold on all of them. */
export interface Passwords {
  /** What a new password has to meet, for saying so beforehand. */
  readonly rules: PasswordRules
  /**
   * Whether a proved mailbox may set a password: where there is one already, or nothing else either. Whoever only has
   * something stronger must not get a weaker way in by a mail.
   */
  isResettable(accountId: string): Promise<boolean>
  /** Whether the account has one. */
  has(accountId: string): Promise<boolean>
  /**
   * Asks for the present one before it is changed (ASVS 6.2.3); counted and limited as at sign-in.
   * @throws Refusal `password.wrong`, `sign_in.limited`, `sign_in.busy`
   */
  confirm(account: Account, typed: string, origin: Origin): Promise<void>
  /**
   * Checks a new password against the policy and hashes it, before anything else is changed for its sake.
   * @throws Refusal `password.refused` with every reason, `sign_in.busy`
   */
  prepare(password: string, owner: PasswordOwner, origin?: Origin): Promise<PreparedPassword>
  /** Gives the account this password instead of any earlier one, and tells its owner. */
  set(account: Account, prepared: PreparedPassword, change: PasswordChange): Promise<void>
}

/** Tells an owner that a password was set, and on which path. */
export type OnPasswordSet = (account: Account, origin: Origin, via: PasswordChange['via']) => Promise<void>

interface Dependencies {
  readonly method: PasswordMethod
  readonly audit: Audit
  readonly credentials: Credentials
  /** Proves something once more, under the limits of every proof. @returns whether it was proved */
  readonly reprove: (proof: { account: Account; method: string; body: unknown; origin: Origin }) => Promise<boolean>
  readonly attempts: Pick<Attempts, 'forgetProofsOf'>
  /** Called after a password was set, to tell its owner. */
  readonly onPasswordSet: OnPasswordSet
}

/** Setting passwords by this method. */
export function createPasswords(deps: Dependencies): Passwords {
  const { method, audit, credentials, attempts, onPasswordSet, reprove } = deps
  return {
    rules: method.rules,
    has: (accountId) => credentials.has(accountId, method.name),
    async confirm(account, password, origin) {
      // No field was filled in: wrong, and nobody's guess.
      if (password === '') throw refusals.passwordWrong()
      const isProved = await reprove({ account, method: method.name, body: { password }, origin })
      if (!isProved) throw refusals.passwordWrong()
    },
    async isResettable(accountId) {
      const held = await credentials.list(accountId)
      return held.length === 0 || held.some((credential) => credential.method === method.name)
    },
    async prepare(password, owner, origin) {
      const { prepared, breach } = await method.prepare(password, owner)
      // Nobody is kept from choosing a password by somebody else's server; it is seen that it went unchecked.
      if (typeof breach === 'object') {
        const actor = { type: 'system' } as const
        await audit.record('password.breach_unchecked', { actor, origin }, { reason: breach.unknown })
      }
      return prepared
    },
    async set(account, prepared, { via, origin = {}, actor }) {
      await method.set(account.id, prepared)
      // Whoever proved the old one and still has a second step before them begins anew.
      await attempts.forgetProofsOf(account.id)
      await audit.record('password.set', { accountId: account.id, origin, ...(actor ? { actor } : {}) }, { via })
      await onPasswordSet(account, origin, via)
    },
  }
}
