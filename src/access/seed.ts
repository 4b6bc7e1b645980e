import type { Model } from 'mongoose'
import type { z } from 'zod'
import type { Audit } from '../audit/index.ts'
import type { ApiDocument } from './api.model.ts'
import type { apiSchema } from './api-rules.ts'
import { ownApi } from './permissions.ts'
import type { PlantedDocument } from './planted.model.ts'
import type { RoleDocument } from './role.model.ts'
import type { roleSchema } from './roles.ts'

/** What a first start brings along. */
export interface AccessSeed {
  readonly apis: readonly z.output<typeof apiSchema>[]
  readonly roles: readonly z.output<typeof roleSchema>[]
}

interface Dependencies {
  readonly apis: Model<ApiDocument>
  readonly roles: Model<RoleDocument>
  readonly planted: Model<PlantedDocument>
  readonly audit: Audit
  readonly issuer: string
}

const system = { actor: { type: 'system' } } as const

/** Does each thing once for the life of this database; cut off before that is written down, it is done again. */
type Once = (what: string, plant: () => Promise<void>) => Promise<void>

async function createOnce(planted: Model<PlantedDocument>, at: Date): Promise<Once> {
  const known = new Set((await planted.find().lean<PlantedDocument[]>()).map(({ _id }) => _id))
  return async (what, plant) => {
    if (known.has(what)) return
    await plant()
    await planted.updateOne({ _id: what }, { $setOnInsert: { at } }, { upsert: true })
  }
}

async function plantApis({ apis, audit, issuer }: Dependencies, seed: AccessSeed['apis'], now: Date, once: Once) {
  const { identifier, permissions, ...rest } = ownApi(issuer)
  const own = { ...rest, permissions: [...permissions] }
  for (const { identifier: _id, ...api } of [{ identifier, ...own, resourceServers: [] }, ...seed]) {
    await once(`api ${_id}`, async () => {
      const inserted = { ...api, createdAt: now, updatedAt: now }
      const { upsertedCount } = await apis.updateOne({ _id }, { $setOnInsert: inserted }, { upsert: true })
      if (upsertedCount > 0) await audit.record('api.created', system, { api: _id })
    })
  }
  const before = await apis.findById(identifier).lean<ApiDocument>()
  const partsOf = ({ name, isRestricted, permissions: known }: typeof own) =>
    JSON.stringify([name, isRestricted, known])
  if (!before || partsOf(before) === partsOf(own)) return
  await apis.updateOne({ _id: identifier }, { $set: { ...own, updatedAt: now } })
  await audit.record('api.updated', system, { api: identifier })
}

async function plantRoles({ roles, audit }: Dependencies, seed: AccessSeed['roles'], now: Date, once: Once) {
  for (const { name: _id, ...role } of seed) {
    await once(`role ${_id}`, async () => {
      const inserted = { ...role, createdAt: now, updatedAt: now }
      const { upsertedCount } = await roles.updateOne({ _id }, { $setOnInsert: inserted }, { upsert: true })
      if (upsertedCount > 0) await audit.record('role.created', system, { role: _id })
    })
    // An API that the role has never heard of: our own, when the issuer has changed.
    for (const granted of role.permissions) {
      await once(`grant ${_id} ${granted.api}`, async () => {
        const change = { $push: { permissions: granted }, $set: { updatedAt: now } }
        const { modifiedCount } = await roles.updateOne({ _id, 'permissions.api': { $ne: granted.api } }, change)
        if (modifiedCount > 0) await audit.record('role.updated', system, { role: _id })
      })
    }
  }
}

/**
 * Puts in what no start has put in yet. What an operator has changed or deleted since stays so; doing it again changes
 * nothing. Our own API alone is brought up to date, for its permissions are those that the program knows.
 */
export async function plantSeed(deps: Dependencies, seed: AccessSeed): Promise<void> {
  const now = new Date()
  const once = await createOnce(deps.planted, now)
  await plantApis(deps, seed.apis, now, once)
  await plantRoles(deps, seed.roles, now, once)
}
