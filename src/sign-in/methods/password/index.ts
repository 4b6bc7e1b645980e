// Password: something the person knows. Owns its policy and how it is hashed and checked.
import { z } from 'zod'
import { newId } from '../../../platform/ids.ts'
import { type PasswordHasher, QueueFullError } from '../../../platform/password-hash.ts'
import type { PasswordStrength } from '../../../platform/password-strength/index.ts'
import type { Credential, Credentials } from '../../credentials.ts'
import type { SignInMethod, Strength } from '../../method.ts'
import { refusals } from '../../refusals.ts'
import type { BreachVerdict, FindBreach } from './breaches.ts'
import { createPasswordCheck } from './check.ts'
import type { PasswordOwner } from './own-words.ts'
import { normalisePassword, type PasswordPolicy } from './policy.ts'

export { createBreachCheck } from './breaches.ts'
export type { PasswordOwner } from './own-words.ts'
export { choosePolicy, type PasswordPolicy } from './policy.ts'

/**
 * A stored password. Its argon2id hash, which carries its own parameters, is the hidden part: whoever has a copy of the
 * database and not the sealing key has nothing to guess against. Here only which hash it is, for replacing none but
 * that one. Earlier builds kept the hash here.
 */
type PasswordSecret = { readonly version: string } | { readonly hash: string }

/** A password that met the policy, hashed. */
export interface PreparedPassword {
  /** The argon2id hash. */
  readonly hash: string
}

/** What is told of the policy before somebody chooses. */
export type PasswordRules = Pick<PasswordPolicy, 'minLength' | 'maxLength' | 'needs' | 'minScore'>

/** The password method, and setting a password. */
export interface PasswordMethod extends SignInMethod<{ password: string }> {
  readonly rules: PasswordRules
  /**
   * Checks a new password and hashes it. Says as well what became of asking for breaches.
   * @throws Refusal `password.refused`, `sign_in.busy`
   */
  prepare(
    password: string,
    owner: PasswordOwner,
  ): Promise<{ prepared: PreparedPassword; breach: BreachVerdict | undefined }>
  /** Gives the account this password instead of any earlier one. */
  set(accountId: string, prepared: PreparedPassword): Promise<void>
}

/** What passwords are checked with and kept by. */
export interface PasswordDependencies {
  readonly credentials: Credentials
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly strength: PasswordStrength
  /** Undefined when nobody is asked for breaches. */
  readonly findBreach: FindBreach | undefined
  /** Nobody should use the product's name as a password for it. */
  readonly productName: string
}

const NAME = 'password'
const NOBODY = '-'
const PROVES: Strength = { factors: ['knowledge'], amr: ['pwd'] }

const newVersion = (): PasswordSecret => ({ version: newId() })

const hashOf = ({ hidden, secret }: Credential<PasswordSecret>) =>
  hidden ?? ('hash' in secret ? secret.hash : undefined)

/** Makes the method. */
export function createPasswordMethod(deps: PasswordDependencies): PasswordMethod {
  const { credentials, hasher, policy } = deps
  const check = createPasswordCheck(deps)
  // A form that a browser cannot have sent; everything shorter goes through the same work as a real try.
  const form = z.object({
    password: z
      .string()
      .min(1)
      .max(policy.maxLength * 8),
  })

  /** The hash with the parameters of today. Under load that can wait for the next sign-in. */
  const hashAnew = async (password: string): Promise<string | undefined> => {
    try {
      return await hasher.hash(password)
    } catch (error) {
      if (error instanceof QueueFullError) return undefined
      throw error
    }
  }

  /** Keeps another hash of the same password, never instead of a password that was set meanwhile. */
  const replace = ({ id, secret }: Credential<PasswordSecret>, hash: string | undefined) =>
    credentials.change(id, { '': secret }, { '': newVersion() }, hash)

  return {
    name: NAME,
    identifies: false,
    step: 'any',
    proves: PROVES,
    // Offered to everybody until something is proved: the page must not tell who has an account.
    available: async (account) => account === undefined || credentials.has(account.id, NAME),
    parse: (body) => form.parse(body),

    async verify({ account }, { password }) {
      // Looked up and hashed for an account that does not exist as well: an answer must not be told by its time.
      const credential = await credentials.findOnly<PasswordSecret>(account?.id ?? NOBODY, NAME)
      const typed = normalisePassword(password)
      const known = credential && hashOf(credential)
      const { matches, isOutdated } = await hasher.verify(known, typed)
      if (!account || !credential || !matches)
        return { isProved: false, reason: account ? 'mismatch' : 'unknown_account' }
      const hash = (isOutdated ? await hashAnew(typed) : undefined) ?? known
      // Parameters were raised since, or it is from before hashes were sealed.
      if (hash !== credential.hidden) await replace(credential, hash)
      await credentials.touch(credential.id)
      return { isProved: true, accountId: account.id, ...PROVES }
    },

    rules: policy,
    async prepare(password, owner) {
      try {
        const { problems, breach } = await check(password, owner)
        if (problems.length > 0) throw refusals.password(problems, policy)
        return { prepared: { hash: await hasher.hash(normalisePassword(password)) }, breach }
      } catch (error) {
        throw error instanceof QueueFullError ? refusals.busy(error.retryAfterSeconds, error) : error
      }
    },
    set: (accountId, { hash }) => credentials.setOnly(accountId, NAME, { secret: newVersion(), hidden: hash }),
  }
}
