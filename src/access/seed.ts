import type { Model } from 'mongoose'
import type { z } from 'zod'
import type { Audit } from '../audit/index.ts'
import type { ApiDocument } from './api.model.ts'
import type { apiSchema } from './api-rules.ts'
import { ownApi } from './permissions.ts'
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
  readonly audit: Audit
  readonly issuer: string
}

const system = { actor: { type: 'system' } } as const

async function plantApis({ apis, audit, issuer }: Dependencies, seed: AccessSeed['apis'], now: Date): Promise<void> {
  const known = new Map((await apis.find().lean<ApiDocument[]>()).map((api) => [api._id, api]))
  const { identifier, permissions, ...rest } = ownApi(issuer)
  const own = { ...rest, permissions: [...permissions] }
  for (const { identifier: _id, ...api } of [{ identifier, ...own, resourceServers: [] }, ...seed]) {
    if (known.has(_id)) continue
    const inserted = { ...api, createdAt: now, updatedAt: now }
    const { upsertedCount } = await apis.updateOne({ _id }, { $setOnInsert: inserted }, { upsert: true })
    if (upsertedCount > 0) await audit.record('api.created', system, { api: _id })
  }
  const before = known.get(identifier)
  const partsOf = ({ name, isRestricted, permissions: known }: typeof own) =>
    JSON.stringify([name, isRestricted, known])
  if (!before || partsOf(before) === partsOf(own)) return
  await apis.updateOne({ _id: identifier }, { $set: { ...own, updatedAt: now } })
  await audit.record('api.updated', system, { api: identifier })
}

async function plantRoles({ roles, audit }: Dependencies, seed: AccessSeed['roles'], now: Date): Promise<void> {
  const known = new Map((await roles.find().lean<RoleDocument[]>()).map((role) => [role._id, role]))
  for (const { name: _id, ...role } of seed) {
    const inserted = { ...role, createdAt: now, updatedAt: now }
    if (!known.has(_id)) {
      const { upsertedCount } = await roles.updateOne({ _id }, { $setOnInsert: inserted }, { upsert: true })
      if (upsertedCount > 0) await audit.record('role.created', system, { role: _id })
    }
    // An API that the role has never heard of: our own, when the issuer has changed.
    const heardOf = new Set((known.get(_id) ?? role).permissions.map(({ api }) => api))
    for (const granted of role.permissions.filter(({ api }) => !heardOf.has(api))) {
      const change = { $push: { permissions: granted }, $set: { updatedAt: now } }
      await roles.updateOne({ _id, 'permissions.api': { $ne: granted.api } }, change)
      await audit.record('role.updated', system, { role: _id })
    }
  }
}

/**
 * Puts in what is missing and leaves alone what an operator has changed; doing it again changes nothing. Our own API
 * alone is brought up to date, for its permissions are those that the program knows.
 */
export async function plantSeed(deps: Dependencies, seed: AccessSeed): Promise<void> {
  const now = new Date()
  await plantApis(deps, seed.apis, now)
  await plantRoles(deps, seed.roles, now)
}
