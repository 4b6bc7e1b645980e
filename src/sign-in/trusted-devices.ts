import type { Connection } from 'mongoose'
import type { Audit, EventSubject, Origin } from '../audit/index.ts'
import { hashSecret } from '../platform/ids.ts'
import { refusals } from './refusals.ts'
import { type TrustedDeviceDocument, trustedDeviceModel } from './trusted-device.model.ts'

/** A browser that an account trusts, as its owner sees it. */
export interface TrustedDevice {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
  readonly lastUsedAt?: Date | undefined
  readonly expiresAt: Date
  /** Whether it is the one that is asking. */
  readonly isThis: boolean
}

/** An account in a browser that has this secret. */
export interface DeviceOfAccount {
  readonly accountId: string
  /** The hash of the browser's secret. */
  readonly device: string
}

/**
 * Browsers in which an account's own second factor is not asked for again. Trust is no proof: such a sign-in is worth what
 * was proved in it, and whoever wants two factors (an app, an API, a role, an organization, everybody) still gets two.
 */
export interface TrustedDevices {
  readonly isOffered: boolean
  /** How long trust lasts. */
  readonly days: number
  readonly isTrusted: (which: DeviceOfAccount) => Promise<boolean>
  /** Trusts a browser from now on. To be called after a second factor was proved in it. */
  readonly trust: (which: DeviceOfAccount, name: string, origin: Origin) => Promise<void>
  /** The browser has another secret (by its hash) from now on. */
  readonly move: (which: DeviceOfAccount, device: string) => Promise<void>
  /** Says that it spared its owner a step. */
  readonly use: (which: DeviceOfAccount, origin: Origin) => Promise<void>
  /** Those of an account, the last one trusted first. `device` is the one that is asking. */
  readonly list: (accountId: string, device?: string) => Promise<TrustedDevice[]>
  /** @throws Refusal `trusted_device.unknown` */
  readonly revoke: (accountId: string, id: string, origin: Origin) => Promise<void>
  /** Trust in all of them ends. @returns in how many */
  readonly revokeAll: (accountId: string, reason: string, origin?: Origin) => Promise<number>
}

/** So many browsers an account trusts at most; the oldest makes room. */
const MOST = 20
const DAY_MS = 86_400_000

interface Dependencies {
  readonly connection: Connection
  readonly audit: Audit
  readonly policy: { readonly areOffered: boolean; readonly days: number }
}

const idOf = ({ accountId, device }: DeviceOfAccount) => hashSecret(`${device} ${accountId}`)

/** Trusted devices on this connection. Where they are not offered, none is trusted any more. */
export function createTrustedDevices({ connection, audit, policy }: Dependencies): TrustedDevices {
  const model = trustedDeviceModel(connection)
  const { areOffered, days } = policy
  const live = () => ({ expiresAt: { $gt: new Date() } })
  const listed = (accountId: string) =>
    model
      .find({ accountId, ...live() })
      .sort({ createdAt: -1 })
      .lean<TrustedDeviceDocument[]>()
  const tellRevoked = (subject: EventSubject, reason: string) =>
    audit.record('trusted_device.revoked', subject, { reason })

  return {
    isOffered: areOffered,
    days,
    isTrusted: async (which) =>
      areOffered && (await model.exists({ _id: idOf(which), accountId: which.accountId, ...live() })) !== null,
    async trust(which, name, origin) {
      const { accountId } = which
      const createdAt = new Date()
      const expiresAt = new Date(createdAt.getTime() + days * DAY_MS)
      const change = { $set: { accountId, name, createdAt, expiresAt }, $unset: { lastUsedAt: 1 } }
      await model.updateOne({ _id: idOf(which) }, change, { upsert: true })
      await audit.record('trusted_device.added', { accountId, origin }, { days })
      const tooMany = (await listed(accountId)).slice(MOST)
      for (const { _id } of tooMany) await model.deleteOne({ _id })
      for (const _ of tooMany) await tellRevoked({ accountId, origin }, 'too many')
    },
    async move(which, device) {
      const kept = await model.findOneAndDelete({ _id: idOf(which), ...live() }).lean<TrustedDeviceDocument>()
      if (!kept) return
      const { _id, ...rest } = kept
      await model.updateOne({ _id: idOf({ ...which, device }) }, { $set: rest }, { upsert: true })
    },
    async use(which, origin) {
      await model.updateOne({ _id: idOf(which), ...live() }, { $set: { lastUsedAt: new Date() } })
      await audit.record('trusted_device.used', { accountId: which.accountId, origin }, {})
    },
    async list(accountId, device = '') {
      const own = idOf({ accountId, device })
      const found = areOffered ? await listed(accountId) : []
      return found.map(({ _id: id, name, createdAt, lastUsedAt, expiresAt }) => ({
        id,
        name,
        createdAt,
        lastUsedAt,
        expiresAt,
        isThis: id === own,
      }))
    },
    async revoke(accountId, id, origin) {
      const { deletedCount } = await model.deleteOne({ _id: id, accountId })
      if (deletedCount === 0) throw refusals.deviceUnknown()
      await tellRevoked({ accountId, origin }, 'owner')
    },
    async revokeAll(accountId, reason, origin = {}) {
      const { deletedCount } = await model.deleteMany({ accountId })
      if (deletedCount > 0) await tellRevoked({ accountId, origin }, reason)
      return deletedCount
    },
  }
}
