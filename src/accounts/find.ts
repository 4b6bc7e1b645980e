import type { Model } from 'mongoose'
import type { Gathered } from '../platform/database/index.ts'
import { normaliseIdentifier } from './identifier.ts'
import { type Account, type AccountDocument, toAccount } from './model.ts'

/** Looking accounts up. */
export interface FindAccount {
  /** The account with this id, in whatever standing. */
  readonly find: (id: string) => Promise<Account | undefined>
  /** The account that signs in with this e-mail, however it is spelled. */
  readonly findByIdentifier: (typed: string) => Promise<Account | undefined>
  /** Whether any usable account has this role. */
  readonly hasRole: (role: string) => Promise<boolean>
}

/** Looking accounts up, on this model. Every token asks for its account, so looking up is gathered. */
export function createFind(model: Model<AccountDocument>, gathered: Gathered<AccountDocument>): FindAccount {
  const present = (document: AccountDocument | null | undefined) => (document ? toAccount(document) : undefined)
  return {
    find: async (id) => present(await gathered.find(id)),
    findByIdentifier: async (typed) => {
      const identifier = normaliseIdentifier(typed)
      return identifier ? present((await gathered.findBy('identifier', identifier))[0]) : undefined
    },
    hasRole: async (role) => (await model.exists({ roles: role, status: { $ne: 'closed' } })) !== null,
  }
}
