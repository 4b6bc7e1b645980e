import type { Model } from 'mongoose'
import type { Audit, EventDetail, EventSubject } from '../audit/index.ts'
import { newId } from '../platform/ids.ts'
import { normaliseIdentifier } from './identifier.ts'
import { type Account, type AccountDocument, toAccount } from './model.ts'
import { refusals } from './refusals.ts'

/** What a new account starts with. */
export interface NewAccount {
  /** Where it had to be known beforehand (a passkey is made for it, say); otherwise it gets a new one. */
  readonly id?: string | undefined
  readonly email: string
  readonly name?: string | undefined
  /** The language in which they are written to, as BCP 47 names it. */
  readonly locale?: string | undefined
  readonly roles?: readonly string[] | undefined
  readonly isEmailVerified?: boolean
  readonly via: EventDetail<'account.created'>['via']
}

/** Makes an account. Its id becomes the `sub` of tokens: never reassigned, says nothing (OpenID Connect Core section 2). */
export type RegisterAccount = (input: NewAccount, subject?: EventSubject) => Promise<Account>

const DUPLICATE_KEY = 11000
const MAX_NAME_LENGTH = 200

/**
 * Making accounts, on this model.
 * @throws Refusal `account.identifier_invalid`, `account.name_invalid`, `account.exists`, `role.unknown`
 */
export function createRegister({
  model,
  audit,
  checkRoles,
}: {
  model: Model<AccountDocument>
  audit: Audit
  checkRoles: (names: readonly string[]) => Promise<void>
}): RegisterAccount {
  return async ({ id, email, name, locale, roles = [], isEmailVerified = false, via }, subject = {}) => {
    const identifier = normaliseIdentifier(email)
    if (!identifier) throw refusals.identifierInvalid()
    const shownName = name?.normalize('NFC').trim() || undefined
    if (shownName && (shownName.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(shownName))) throw refusals.nameInvalid()
    await checkRoles(roles)
    const now = new Date()
    const document: AccountDocument = {
      _id: id ?? newId(),
      identifier,
      email: email.normalize('NFKC').trim(),
      isEmailVerified,
      ...(shownName ? { name: shownName } : {}),
      ...(locale ? { locale } : {}),
      roles: [...roles],
      status: 'active',
      createdAt: now,
      updatedAt: now,
    }
    await model.create(document).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === DUPLICATE_KEY) throw refusals.exists(error)
      throw error
    })
    await audit.record(
      'account.created',
      { actor: { type: 'system' }, ...subject, accountId: document._id },
      {
        via,
        roles: [...roles],
      },
    )
    return toAccount(document)
  }
}
