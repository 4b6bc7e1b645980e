// Password: something the person knows. Owns its policy and how it is hashed and checked.
import { z } from 'zod'
import { type PasswordHasher, QueueFullError } from '../../../platform/password-hash.ts'
import type { Credentials } from '../../credentials.ts'
import type { SignInMethod } from '../../method.ts'
import { refusals } from '../../refusals.ts'
import { assessPassword, normalisePassword, type PasswordPolicy } from './policy.ts'

export type { PasswordPolicy } from './policy.ts'

/** A stored password: the argon2id hash, which carries its own parameters. */
interface PasswordSecret {
  readonly hash: string
}

/** A password that met the policy, hashed. */
export type PreparedPassword = PasswordSecret

/** The password method, and setting a password. */
export interface PasswordMethod extends SignInMethod<{ password: string }> {
  /**
   * Hashes a new password, before anything else is changed for its sake.
   * @throws Refusal `password.too_short`, `password.too_long`, `sign_in.busy`
   */
  prepare(password: string): Promise<PreparedPassword>
  /** Gives the account this password instead of any earlier one. */
  set(accountId: string, prepared: PreparedPassword): Promise<void>
}

interface Dependencies {
  readonly credentials: Credentials
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
}

const NAME = 'password'
const NOBODY = '-'

/** Makes the method. */
export function createPasswordMethod({ credentials, hasher, policy }: Dependencies): PasswordMethod {
  // A form that a browser cannot have sent; everything shorter goes through the same work as a real try.
  const form = z.object({
    password: z
      .string()
      .min(1)
      .max(policy.maxLength * 8),
  })

  // Parameters were raised since this password was set. Under load that can wait for the next sign-in.
  const rehash = async (accountId: string, secret: PasswordSecret, password: string) => {
    try {
      await credentials.replaceOnly(accountId, NAME, secret, { hash: await hasher.hash(password) })
    } catch (error) {
      if (!(error instanceof QueueFullError)) throw error
    }
  }

  return {
    name: NAME,
    identifies: false,
    // Offered to everybody, also for identifiers nobody has: the page must not tell who has an account.
    available: async () => true,
    parse: (body) => form.parse(body),

    async verify({ account }, { password }) {
      // Looked up and hashed for an account that does not exist as well: an answer must not be told by its time.
      const credential = await credentials.findOnly<PasswordSecret>(account?.id ?? NOBODY, NAME)
      const typed = normalisePassword(password)
      const { matches, isOutdated } = await hasher.verify(credential?.secret.hash, typed)
      if (!account || !credential || !matches)
        return { isProved: false, reason: account ? 'mismatch' : 'unknown_account' }
      if (isOutdated) await rehash(account.id, credential.secret, typed)
      await credentials.touch(credential._id)
      return { isProved: true, accountId: account.id, factors: ['knowledge'], amr: ['pwd'] }
    },

    async prepare(password) {
      const [problem] = assessPassword(password, policy)
      if (problem) throw refusals.password(problem, policy)
      try {
        return { hash: await hasher.hash(normalisePassword(password)) }
      } catch (error) {
        throw error instanceof QueueFullError ? refusals.busy(error.retryAfterSeconds, error) : error
      }
    },
    set: (accountId, prepared) => credentials.setOnly(accountId, NAME, prepared),
  }
}
