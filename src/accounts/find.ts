import type { Model } from 'mongoose'
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

/** Looking accounts up, on this model. */
export function createFind(model: Model<AccountDocument>): FindAccount {
  const one = async (filter: { _id: string } | { identifier: string }) => {
    const document = await model.findOne(filter).lean<AccountDocument>()
    return document ? toAccount(document) : undefined
  }
  return {
    find: (id) => one({ _id: id }),
    findByIdentifier: async (typed) => {
      const identifier = normaliseIdentifier(typed)
      return identifier ? one({ identifier }) : undefined
    },
    hasRole: async (role) => (await model.exists({ roles: role, status: { $ne: 'closed' } })) !== null,
  }
}
