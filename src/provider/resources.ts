import { errors, type ResourceServer } from 'oidc-provider'
import { z } from 'zod'

/** An API that tokens can be asked for (RFC 8707). */
export const resourceSchema = z.strictObject({
  identifier: z.url(),
  name: z.string().min(1),
  accessTokenSeconds: z.int().positive().optional(),
  scopes: z.array(z.strictObject({ name: z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/), title: z.string().min(1) })),
})

/** An API that tokens can be asked for. */
export type Resource = z.output<typeof resourceSchema>

/** The APIs that are known. */
export interface Resources {
  readonly all: readonly Resource[]
  find(identifier: string): Resource | undefined
  /** What the library asks for. @throws InvalidTarget for an API nobody knows (RFC 8707 section 2) */
  getResourceServerInfo(identifier: string): ResourceServer
}

/** APIs get JWT access tokens (RFC 9068), which they can check by themselves. */
export function createResources(all: readonly Resource[], accessTokenSeconds: number): Resources {
  const find = (identifier: string) => all.find((resource) => resource.identifier === identifier)
  return {
    all,
    find,
    getResourceServerInfo(identifier) {
      const resource = find(identifier)
      if (!resource) throw new errors.InvalidTarget()
      return {
        audience: identifier,
        scope: resource.scopes.map(({ name }) => name).join(' '),
        accessTokenTTL: resource.accessTokenSeconds ?? accessTokenSeconds,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }
    },
  }
}
