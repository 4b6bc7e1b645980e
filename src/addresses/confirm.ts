import type { AddressesDependencies, AddressRequest } from './index.ts'
import { refusals } from './refusals.ts'

/** What is under way with an account's address. */
export type AddressState =
  | { readonly step: 'idle' }
  /** A mail was sent, and its link or code is waited for. */
  | { readonly step: 'mailbox'; readonly email: string; readonly purpose: AddressPurpose }
  /** The mailbox is proved: only the last button is left. */
  | { readonly step: 'proved'; readonly email: string; readonly purpose: AddressPurpose }

type AddressPurpose = 'change-email' | 'verify-email'

/** What is done once a mailbox is proved. */
export interface ConfirmAddress {
  readonly state: (accountId: string) => Promise<AddressState>
  /** The mailed code is typed; when it is right, what was begun is done. @throws Refusal `address.code_wrong`, `address.gone`, `account.exists` */
  readonly typeCode: (request: AddressRequest, code: string) => Promise<void>
  /** Does what was begun, once its mailbox is proved. @throws Refusal `address.gone`, `account.exists` */
  readonly finish: (request: AddressRequest) => Promise<void>
  readonly cancel: (accountId: string) => Promise<void>
}

const PURPOSES = ['change-email', 'verify-email'] as const

/** Doing what a proof was for. */
export function createConfirmAddress({ accounts, mailboxes, send }: AddressesDependencies): ConfirmAddress {
  const state = async (accountId: string): Promise<AddressState> => {
    for (const purpose of PURPOSES) {
      const proof = await mailboxes.find({ purpose, owner: accountId })
      if (proof) return { step: proof.isProved ? 'proved' : 'mailbox', email: proof.email, purpose }
    }
    return { step: 'idle' }
  }

  const change = async ({ account, origin }: AddressRequest, newEmail: string) => {
    const { id, email, locale } = account
    const undo = await accounts.changeEmail(id, newEmail, { origin })
    await send({ ...undo, kind: 'changed', email, account, locale, newEmail, address: origin.address })
  }

  const finish = async (request: AddressRequest) => {
    const { account, origin } = request
    const at = await state(account.id)
    if (at.step !== 'proved') throw refusals.gone()
    await (at.purpose === 'change-email'
      ? change(request, at.email)
      : accounts.verifyEmail(account.id, at.email, { origin }))
    await cancel(account.id)
  }

  const cancel = async (accountId: string) => {
    await Promise.all(PURPOSES.map((purpose) => mailboxes.cancel({ purpose, owner: accountId })))
  }

  return {
    state,
    finish,
    cancel,
    async typeCode(request, code) {
      const at = await state(request.account.id)
      if (at.step === 'idle') throw refusals.gone()
      const key = { purpose: at.purpose, owner: request.account.id }
      const typed = at.step === 'proved' ? 'proved' : await mailboxes.typeCode(key, code, request.origin)
      if (typed === 'wrong') throw refusals.codeWrong()
      if (typed === 'gone') throw refusals.gone()
      await finish(request)
    },
  }
}
