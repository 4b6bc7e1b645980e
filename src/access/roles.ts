import type { Model } from 'mongoose'
import { z } from 'zod'
import type { Audit, EventSubject } from '../audit/index.ts'
import type { Gathered } from '../platform/database/index.ts'
import type { Apis } from './apis.ts'
import { can, combineRights } from './can.ts'
import { ADMINISTRATION, ADMINISTRATOR, EVERY_PERMISSION, ownIdentifier } from './permissions.ts'
import { refusals } from './refusals.ts'
import { type Role, type RoleDocument, toRole } from './role.model.ts'
import type { TakeFromAll } from './role-holders.ts'

/** What roles there are. */
export interface Roles {
  /** Those of these names that there are, read afresh: a role that has changed counts from now on. */
  readonly findAll: (names: readonly string[]) => Promise<Role[]>
  /** @throws Refusal `role.unknown` */
  readonly get: (name: string) => Promise<Role>
  readonly list: () => Promise<Role[]>
  /** Refuses names that are no roles, each by name. @throws Refusal `role.unknown` */
  readonly check: (names: readonly string[]) => Promise<void>
  /** @throws Refusal `role.invalid`, `role.exists`, `api.unknown`, `permission.unknown` */
  readonly create: (input: unknown, subject?: EventSubject) => Promise<Role>
  /**
   * Replaces what a role is: whoever has it may do that from the next token on.
   * @throws Refusal `role.invalid`, `role.unknown`, `role.needed`, `api.unknown`, `permission.unknown`
   */
  readonly update: (input: unknown, subject?: EventSubject) => Promise<Role>
}

interface Dependencies {
  readonly model: Model<RoleDocument>
  readonly gathered: Gathered<RoleDocument>
  readonly apis: Pick<Apis, 'get'>
  readonly issuer: string
  /** Takes a role from everybody who is still said to have it. */
  readonly takeFromAll: TakeFromAll
  readonly audit: Audit
}

const DUPLICATE_KEY = 11000

/** A role as it is made. */
export const roleSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower case letters, digits, - and _'),
  title: z.string().trim().min(1).max(200),
  permissions: z
    .array(z.strictObject({ api: z.string(), names: z.array(z.string()).min(1) }))
    .refine((list) => new Set(list.map(({ api }) => api)).size === list.length, 'must not name an API twice'),
})

/** Roles on this model. */
export function createRoles({ model, gathered, apis, issuer, takeFromAll, audit }: Dependencies): Roles {
  const system = { actor: { type: 'system' } } as const
  const list = async () => (await model.find().sort({ _id: 1 }).lean<RoleDocument[]>()).map(toRole)
  const findAll = async (names: readonly string[]) => {
    const documents = await Promise.all([...new Set(names)].map((name) => gathered.find(name)))
    return documents.flatMap((document) => document ?? []).map(toRole)
  }
  const check = async (names: readonly string[]) => {
    const found = new Set((await findAll(names)).map(({ name }) => name))
    const missing = names.filter((name) => !found.has(name))
    if (missing.length > 0)
      throw refusals.roleUnknown(
        missing,
        (await list()).map(({ name }) => name),
      )
  }
  const parse = async (input: unknown) => {
    const { success, data, error } = roleSchema.safeParse(input)
    if (!success) throw refusals.roleInvalid(z.prettifyError(error).replaceAll(/\s*✖ /g, ' ').trim())
    const { permissions } = data
    for (const { api, names } of permissions) {
      const known = new Set([EVERY_PERMISSION, ...(await apis.get(api)).permissions.map(({ name }) => name)])
      const missing = names.filter((name) => !known.has(name))
      if (missing.length > 0) throw refusals.permissionUnknown(api, missing)
    }
    return data
  }

  return {
    findAll,
    list,
    check,
    async get(name) {
      await check([name])
      return (await findAll([name]))[0] as Role
    },
    async create(input, subject = system) {
      const data = await parse(input)
      const { name, ...rest } = data
      if (await model.exists({ _id: name })) throw refusals.roleExists(name)
      // Whoever was given one of this name while it was deleted must not have this one.
      await takeFromAll(name, subject)
      const now = new Date()
      await model.create({ _id: name, ...rest, createdAt: now, updatedAt: now }).catch((cause: unknown) => {
        if ((cause as { code?: unknown }).code === DUPLICATE_KEY) throw refusals.roleExists(name)
        throw cause
      })
      await audit.record('role.created', subject, { role: name })
      return data
    },
    async update(input, subject = system) {
      const data = await parse(input)
      const { name, ...rest } = data
      if (name === ADMINISTRATOR && !can(combineRights([data]), ownIdentifier(issuer), ADMINISTRATION))
        throw refusals.roleNeeded(name)
      await check([name])
      const { matchedCount } = await model.updateOne({ _id: name }, { $set: { ...rest, updatedAt: new Date() } })
      if (matchedCount === 0) await check([name])
      await audit.record('role.updated', subject, { role: name })
      return data
    },
  }
}
