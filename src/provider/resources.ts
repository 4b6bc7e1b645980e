import { errors, type ResourceServer } from 'oidc-provider'
import type { Access } from '../access/index.ts'

/** The APIs that tokens can be asked for (RFC 8707), as the library wants them told. */
export interface Resources {
  /** @throws InvalidTarget for an API nobody knows (RFC 8707 section 2) */
  getResourceServerInfo(identifier: string): Promise<ResourceServer>
}

/** APIs get JWT access tokens (RFC 9068), which they can check by themselves. */
export function createResources({ apis }: Pick<Access, 'apis'>, accessTokenSeconds: number): Resources {
  return {
    async getResourceServerInfo(identifier) {
      const api = await apis.find(identifier)
      if (!api) throw new errors.InvalidTarget()
      return {
        audience: identifier,
        scope: api.permissions.map(({ name }) => name).join(' '),
        accessTokenTTL: api.accessTokenSeconds ?? accessTokenSeconds,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }
    },
  }
}
