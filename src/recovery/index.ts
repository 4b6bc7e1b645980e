// Recovery: the way back in for somebody who forgot their password. A mail proves the mailbox, and with it a new password
// may be set; it is no sign-in and stands for no factor, so whatever else an account asks for is asked for afterwards.
import type { Connection } from 'mongoose'
import type { Account, Accounts } from '../accounts/index.ts'
import { normaliseIdentifier } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import type { MailLimits } from '../mailboxes/index.ts'
import { hashSecret } from '../platform/ids.ts'
import type { Sealer } from '../platform/seal.ts'
import type { SignIn } from '../sign-in/index.ts'
import { refusals } from './refusals.ts'
import { type ResetContent, resetModel } from './reset.model.ts'
import { createResets, type KeptReset } from './resets.ts'

/** Somebody asks for a new password. */
export interface ResetRequest {
  readonly typed: string
  /** The secret of the browser in which the code may be typed. */
  readonly browser: string
  /** Where to go on afterwards, a path of ours. */
  readonly returnPath?: string | undefined
  readonly origin: Origin
  readonly clientId?: string | undefined
  readonly locale: string
}

/** A reset whose link or code somebody has. */
export interface Reset {
  readonly account: Account
  readonly returnPath: string | undefined
}

/** The new password. */
export interface NewPassword {
  readonly token: string
  readonly password: string
  /** Whether everything ends that is open for the account: sessions, grants, tokens. */
  readonly endsSessions: boolean
  readonly origin: Origin
}

/** What other rooms can do with recovery. */
export interface Recovery {
  /** Whether it can be offered: without mail nobody can prove a mailbox. */
  readonly isOffered: boolean
  /**
   * Mails a link and a code; an earlier one is good no more. Takes the same time and says the same whoever is meant.
   * @throws Refusal `account.identifier_invalid`, `recovery.limited`, `mail.unavailable`
   */
  readonly request: (request: ResetRequest) => Promise<void>
  /** What this browser asked for last. */
  readonly findAsked: (browser: string) => Promise<ResetContent | undefined>
  /** The code was typed where it was asked for. @returns a token, as in the link. @throws Refusal `recovery.code_wrong`, `recovery.gone` */
  readonly typeCode: (browser: string, code: string, origin: Origin) => Promise<string>
  readonly find: (token: string) => Promise<Reset | undefined>
  /** Sets the new password and uses the reset up. @throws Refusal `recovery.gone`, `password.refused`, `sign_in.busy` */
  readonly finish: (given: NewPassword) => Promise<Reset>
  /** Starts it for somebody: the token of a link for them. Who runs the service starts, and never chooses (ASVS 6.4.6). */
  readonly issue: (account: Account) => Promise<KeptReset>
}

/** What this room needs from outside. */
export interface RecoveryDependencies {
  readonly connection: Connection
  readonly sealer: Sealer
  readonly accounts: Accounts
  readonly audit: Audit
  readonly password: SignIn['password']
  readonly limits: MailLimits
  readonly isOffered: boolean
  readonly resetSeconds: number
  /** Mails the link and the code; to nobody when there is no account. */
  readonly send: (account: Account | undefined, locale: string, kept: KeptReset) => Promise<void>
  /** Lets who was kept waiting for wrong passwords try the new one at once. */
  readonly forgive: (identifier: string) => Promise<void>
  /** Ends every session, grant and token of an account. */
  readonly endSessions: (accountId: string, reason: string) => Promise<void>
}

const SYSTEM = { type: 'system' } as const

/** Opens the room. */
export function createRecovery(deps: RecoveryDependencies): Recovery {
  const { accounts, audit, password, limits, resetSeconds, send, endSessions } = deps
  const resets = createResets(resetModel(deps.connection), deps.sealer)

  /** Whose password may be set by a mail. All is looked up for everybody: the time says nothing. */
  const findOwner = async (identifier: string): Promise<Account | undefined> => {
    const account = await accounts.findByIdentifier(identifier)
    const isResettable = await password.isResettable(account?.id ?? '-')
    return account?.status === 'active' && isResettable ? account : undefined
  }

  const refuse = async (reason: string, origin: Origin) => {
    await audit.record('password_reset.refused', { origin }, { reason })
    return refusals.gone()
  }

  const find = async (token: string): Promise<Reset | undefined> => {
    const reset = await resets.find(token)
    const account = reset && (await accounts.find(reset.accountId))
    return account?.status === 'active' ? { account, returnPath: reset?.returnPath } : undefined
  }

  return {
    isOffered: deps.isOffered,
    find,

    async request({ typed, browser, returnPath, origin, clientId, locale }) {
      const identifier = normaliseIdentifier(typed)
      if (!identifier) throw refusals.identifierInvalid()
      const waitSeconds = await limits.reserve(identifier, origin.address)
      const identifierHash = hashSecret(identifier)
      if (waitSeconds > 0) {
        await audit.record('password_reset.limited', { origin, clientId }, { identifierHash })
        throw refusals.limited(waitSeconds)
      }
      const owner = await findOwner(identifier)
      const accountId = owner?.id
      const kept = await resets.keep({ accountId, identifier, browser, returnPath, expiresInSeconds: resetSeconds })
      await send(owner, locale, kept)
      const subject = { accountId, clientId, origin, actor: { type: 'anonymous' } } as const
      await audit.record('password_reset.requested', subject, owner ? {} : { identifierHash })
    },

    findAsked: resets.findAsked,

    async typeCode(browser, code, origin) {
      const taken = await resets.takeCode(browser, code)
      if (typeof taken === 'object') return taken.token
      const refusal = await refuse(taken === 'wrong' ? 'wrong code' : 'no code waits, or no try is left', origin)
      throw taken === 'wrong' ? refusals.codeWrong() : refusal
    },

    async finish({ token, password: chosen, endsSessions, origin }) {
      const reset = await find(token)
      if (!reset) throw await refuse('unknown, used or expired', origin)
      const { account } = reset
      const prepared = await password.prepare(chosen, account, origin)
      // Burn first: of two submissions at once, one gets through.
      if (!(await resets.take(token))) throw await refuse('used at the same moment', origin)
      await password.set(account, prepared, { via: 'reset', origin })
      if (endsSessions) await endSessions(account.id, 'password reset')
      await deps.forgive(normaliseIdentifier(account.email) ?? account.email)
      return reset
    },

    async issue(account) {
      const kept = await resets.keep({
        accountId: account.id,
        identifier: account.email,
        expiresInSeconds: resetSeconds,
      })
      await audit.record('password_reset.requested', { accountId: account.id, actor: SYSTEM }, {})
      return kept
    },
  }
}
