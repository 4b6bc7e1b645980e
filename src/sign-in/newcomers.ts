import type { Account, Accounts } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import type { Attempt, Attempts } from './attempt.ts'
import type { Settle } from './enrolling.ts'
import type { Enrolment } from './enrolment.ts'
import type { SignInView } from './view.ts'

/** What a newcomer does, and where from. */
export interface NewcomerStep {
  readonly attempt: Attempt
  readonly origin: Origin
  readonly clientId?: string | undefined
}

/** People who proved elsewhere who they are, on their way to an account here. */
export interface Newcomers {
  /** They say that they have an account: they prove it, by whatever they have, before anything is connected. */
  claim(attempt: Attempt, identifier: string | undefined): Promise<void>
  /**
   * Their account was just made: it is given what they came with.
   * @returns false when that belongs to another account meanwhile
   */
  admit(step: NewcomerStep, account: Account): Promise<boolean>
  /** The account that was proved is connected with where they came from, or is not. */
  decide(step: NewcomerStep, isLinked: boolean): Promise<void>
  /** The sign-in goes on with whatever was proved. @returns undefined when it is gone */
  goOn(step: NewcomerStep): Promise<SignInView | undefined>
}

interface Dependencies {
  readonly accounts: Accounts
  readonly attempts: Attempts
  readonly audit: Audit
  readonly enrolment: Enrolment
  readonly view: (attempt: Attempt) => Promise<SignInView>
  readonly settle: Settle
}

/** Newcomers in these attempts. */
export function createNewcomers({ accounts, attempts, audit, enrolment, view, settle }: Dependencies): Newcomers {
  /** Once: of two answers at the same moment one counts. */
  const keep = async ({ attempt, origin }: NewcomerStep, account: Account): Promise<boolean> => {
    const { uid, newcomer } = attempt
    if (!newcomer || !(await attempts.forgetNewcomer(uid))) return false
    const { method, via, credential, strength } = newcomer
    if (!(await enrolment.keep({ account, method, origin }, credential))) {
      await audit.record('credential.refused', { accountId: account.id, origin }, { method, reason: 'taken' })
      return false
    }
    const { factors, amr } = strength
    await attempts.append(uid, { method, ...(via ? { via } : {}), accountId: account.id, factors, amr, at: new Date() })
    return true
  }

  return {
    async claim({ uid }, identifier) {
      await attempts.claimAccount(uid)
      if (identifier) await attempts.identify(uid, identifier)
    },

    admit: keep,

    async decide(step, isLinked) {
      const { attempt } = step
      const { plan } = await view(attempt)
      if (plan.step !== 'link') return
      const account = await accounts.find(plan.accountId)
      if (account && isLinked) await keep(step, account)
      else await attempts.forgetNewcomer(attempt.uid)
    },

    async goOn({ attempt, origin, clientId }) {
      const after = await attempts.find(attempt.uid)
      return after && settle(after, { clientId, origin })
    },
  }
}
