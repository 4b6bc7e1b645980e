import { normaliseIdentifier } from '../accounts/index.ts'
import type { AddressesDependencies, AddressRequest } from './index.ts'
import { refusals } from './refusals.ts'

/** Where the mailed link leads on to, and which browser asked. */
export interface AddressStart extends AddressRequest {
  readonly browser: string
  readonly returnPath: string
}

/** Having a proof mailed. */
export interface StartAddress {
  /** Confirms the address that the account has. @throws Refusal `address.limited`, `address.confirmed` */
  readonly startConfirm: (start: AddressStart) => Promise<void>
  /**
   * Begins to change it. An address that another account has gets a mail that says so; here it looks the same.
   * @throws Refusal `account.identifier_invalid`, `address.same`, `address.limited`
   */
  readonly startChange: (start: AddressStart, typed: string) => Promise<void>
}

/** Having proofs mailed. */
export function createStartAddress({ accounts, mailboxes, limits, audit, send }: AddressesDependencies): StartAddress {
  const reserve = async ({ account, origin }: AddressStart, identifier: string) => {
    const retryAfterSeconds = await limits.reserve(identifier, origin.address)
    if (retryAfterSeconds === 0) return
    await audit.record('account.email_change_refused', { accountId: account.id, origin }, { reason: 'limit' })
    throw refusals.limited(retryAfterSeconds)
  }

  return {
    async startConfirm(start) {
      const { account, browser, returnPath, locale } = start
      const { email } = account
      if (account.isEmailVerified) throw refusals.confirmed()
      await reserve(start, normaliseIdentifier(email) ?? email)
      const key = { purpose: 'verify-email', owner: account.id } as const
      const proof = await mailboxes.start({ ...key, email, browser, returnPath })
      await send({ ...proof, kind: 'confirm', email, account, locale: account.locale ?? locale })
    },

    async startChange(start, typed) {
      const { account, browser, returnPath, origin, locale } = start
      const email = typed.normalize('NFKC').trim()
      const identifier = normaliseIdentifier(email)
      if (!identifier) throw refusals.identifierInvalid()
      if (identifier === normaliseIdentifier(account.email)) throw refusals.same()
      await reserve(start, identifier)
      const taken = await accounts.findByIdentifier(identifier)
      const key = { purpose: 'change-email', owner: account.id } as const
      const proof = await mailboxes.start({ ...key, email, browser, returnPath, isDecoy: taken !== undefined })
      await send(
        taken
          ? { kind: 'taken', email, account: taken, locale: taken.locale }
          : { ...proof, kind: 'change', email, account, locale: account.locale ?? locale },
      )
      await audit.record('account.email_change_started', { accountId: account.id, origin }, {})
    },
  }
}
