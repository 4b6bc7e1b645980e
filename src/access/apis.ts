import type { Model } from 'mongoose'
import { z } from 'zod'
import type { Audit, EventSubject } from '../audit/index.ts'
import type { ApiDocument } from './api.model.ts'
import { apiSchema } from './api-rules.ts'
import { type Api, ownIdentifier } from './permissions.ts'
import { refusals } from './refusals.ts'
import type { Remembered } from './remembered.ts'

/** The APIs that tokens can be made out to. */
export interface Apis {
  readonly find: (identifier: string) => Promise<Api | undefined>
  /** @throws Refusal `api.unknown` */
  readonly get: (identifier: string) => Promise<Api>
  readonly list: () => Promise<readonly Api[]>
  /** Registers an API. @throws Refusal `api.invalid`, `api.exists` */
  readonly create: (input: unknown, subject?: EventSubject) => Promise<Api>
  /** Replaces what is registered for an API. @throws Refusal `api.invalid`, `api.unknown` */
  readonly update: (input: unknown, subject?: EventSubject) => Promise<Api>
  /**
   * Deletes an API: nobody gets a token for it any more, and those that there are count as inactive.
   * @throws Refusal `api.unknown`, `api.own`, `api.in_use`
   */
  readonly delete: (identifier: string, subject?: EventSubject) => Promise<void>
}

/** Who names an API: the names of the roles that give something there, and the ids of clients that were allowed it. */
export interface ApiUse {
  readonly roles: readonly string[]
  readonly clients: readonly string[]
}

interface Dependencies {
  readonly model: Model<ApiDocument>
  readonly remembered: Remembered<Api>
  readonly audit: Audit
  readonly issuer: string
  readonly findUse: (identifier: string) => Promise<ApiUse>
  /** Every `acr` that a sign-in can reach here. */
  readonly acrValues: readonly string[]
  readonly maxTokenSeconds: number
}

const DUPLICATE_KEY = 11000

/** APIs on this model. */
export function createApis(deps: Dependencies): Apis {
  const { model, remembered, audit, issuer, findUse, acrValues, maxTokenSeconds } = deps
  const system = { actor: { type: 'system' } } as const
  const parse = (input: unknown) => {
    const { success, data, error } = apiSchema.safeParse(input)
    if (!success) throw refusals.apiInvalid(z.prettifyError(error).replaceAll(/\s*✖ /g, ' ').trim())
    // A token made out to the issuer could be shown to us as a client's assertion (RFC 9700 section 4.9).
    if (data.identifier === issuer) throw refusals.apiInvalid('its identifier must not be the issuer')
    if (data.minimumAcr !== undefined && !acrValues.includes(data.minimumAcr))
      throw refusals.apiInvalid(`minimumAcr must be one of ${acrValues.join(', ')}`)
    if (data.accessTokenSeconds !== undefined && data.accessTokenSeconds > maxTokenSeconds)
      throw refusals.apiInvalid(
        `accessTokenSeconds must be at most ${maxTokenSeconds}: a token must not outlive the key that signed it (keys.keepAfterDays)`,
      )
    return data
  }
  const find = async (identifier: string) => (await remembered.read()).find((api) => api.identifier === identifier)

  return {
    find,
    list: remembered.read,
    async get(identifier) {
      const api = await find(identifier)
      if (!api) throw refusals.apiUnknown(identifier)
      return api
    },
    async create(input, subject = system) {
      const { identifier, ...rest } = parse(input)
      const now = new Date()
      await model.create({ _id: identifier, ...rest, createdAt: now, updatedAt: now }).catch((error: unknown) => {
        if ((error as { code?: unknown }).code === DUPLICATE_KEY) throw refusals.apiExists(identifier)
        throw error
      })
      remembered.forget()
      await audit.record('api.created', subject, { api: identifier })
      return { identifier, ...rest }
    },
    async update(input, subject = system) {
      const { identifier, ...given } = parse(input)
      // What is not said any more is gone.
      const { matchedCount } = await model.updateOne(
        { _id: identifier },
        {
          $set: { ...given, updatedAt: new Date() },
          $unset: {
            ...(given.accessTokenSeconds === undefined ? { accessTokenSeconds: 1 } : {}),
            ...(given.minimumAcr === undefined ? { minimumAcr: 1 } : {}),
          },
        },
      )
      if (matchedCount === 0) throw refusals.apiUnknown(identifier)
      remembered.forget()
      await audit.record('api.updated', subject, { api: identifier })
      return { identifier, ...given }
    },
    async delete(identifier, subject = system) {
      if (identifier === ownIdentifier(issuer)) throw refusals.apiOwn(identifier)
      if (!(await model.exists({ _id: identifier }))) throw refusals.apiUnknown(identifier)
      const { roles, clients } = await findUse(identifier)
      if (roles.length + clients.length > 0) throw refusals.apiInUse(identifier, roles, clients)
      const { deletedCount } = await model.deleteOne({ _id: identifier })
      if (deletedCount === 0) throw refusals.apiUnknown(identifier)
      remembered.forget()
      await audit.record('api.deleted', subject, { api: identifier })
    },
  }
}
